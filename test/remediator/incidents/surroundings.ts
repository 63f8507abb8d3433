// What a process of the fake machine knows of the machine around it.
import type { Stamp } from "../../../remediator/incidents/clock.ts";

export interface Life {
  /** Does what reaches the machine, unless pitcrew is dead; then nothing. */
  act<T>(what: string, effect: () => T): T | undefined;
  /** A dead pitcrew waits for ever. */
  orNever<T>(value: () => T): Promise<T>;
}

export interface Surroundings {
  clock(): Stamp;
  /** CLOCK_BOOTTIME, the clock of start ticks and ages. */
  uptimeSeconds(): number;
  /** Every configured worker, in order. */
  readonly workers: ReadonlyMap<string, unknown>;
  /** What an operator wants of it. */
  readonly desired: ReadonlyMap<string, "up" | "down">;
  /** Principles that were broken. */
  readonly violations: string[];
  readonly engine: { lookAtWorker(worker: string): void };
}
