// The record that a worker's emergency brake writes into its own corner of the run directory (workers/<worker>/brake).
import type { Incarnation } from "../incarnation.ts";

export interface BrakeRecord {
  version: 1;
  worker: string;
  incarnation: Incarnation;
  brakesTotal: number;
  consecutiveBrakes: number;
  limit: number;
  /** Unix seconds. */
  lastBrakeSeconds: number | undefined;
  handles: readonly ("relief" | "drain")[];
  ending: { reason: string; atSeconds: number } | undefined;
}
