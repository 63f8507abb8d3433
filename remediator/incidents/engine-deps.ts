// What the engine needs from the world, as functions: tests pass literals, the daemon passes the real thing.
import type { Config } from "../../config/config.ts";
import type { Incarnation } from "../../worker/incarnation.ts";
import type { Observation, SystemReading, WorkerReading } from "../../worker/reading.ts";
import type { WorkerSpec } from "../../worker/spec.ts";
import type { Manager } from "../managers/manager.ts";
import type { Condition, Policy } from "./facts.ts";
import type { Incident } from "./incident.ts";
import type { DesiredReason } from "./journal-entry.ts";
import type { StoreDeps } from "./store.ts";

export interface EngineDeps extends StoreDeps {
  config(): Config;
  bootId: string;
  /** CLOCK_BOOTTIME seconds, the clock of start ticks. */
  uptimeSeconds(): number;
  observeWorker(name: string): Promise<WorkerReading | undefined>;
  observeSystem(): SystemReading;
  /** Whether this very process still lives: cheap to ask. */
  isAlive(process: Incarnation): boolean;
  /** The incident's own rule on these readings; `not_needed` when there is none to ask. */
  condition(incident: Incident, observation: Observation): Condition;
  manager(spec: WorkerSpec): Manager;
  /** Shows the desired state to the exporter (`<worker>.state`). */
  publishDesired(worker: string, desired: "up" | "down", reason: DesiredReason): void;
  /** Leaves a request (`<worker>.request`) for the brake library of this incarnation. */
  request(incident: Incident, kind: "relief" | "drain"): void;
  /** OOM kills of the kernel since boot; undefined where it does not tell. */
  oomKills?(): number | undefined;
  policy: Policy;
  /** Seconds from an incident's opening to its first destructive action. */
  onActed?(seconds: number): void;
}
