// <worker>.exit: how the last incarnation of a supervised worker ended, written by its shim.
import type { Incarnation } from "../incarnation.ts";

export interface ExitRecord {
  version: 1;
  worker: string;
  incarnation: Incarnation;
  /** 0 … 255; 128+n for a signal. */
  code: number;
  /** Unix seconds. */
  atSeconds: number;
}
