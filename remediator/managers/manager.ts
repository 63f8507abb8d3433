// One manager per way of stopping and starting; the only places in the program that can do either.
import type { ExitRecord } from "../../worker/files/exit-record.ts";
import type { Incarnation } from "../../worker/incarnation.ts";
import type { WorkerSpec } from "../../worker/spec.ts";

export type StartResult =
  | { kind: "started"; incarnation: Incarnation }
  /** A copy runs or may run: nothing was started. */
  | { kind: "already_running"; detail: string }
  /** `message` names the worker and the path; `code` is an errno name or `exit_<n>`. */
  | { kind: "failed"; code: string; message: string };

export type SignalResult = { kind: "sent" } | { kind: "gone" } | { kind: "failed"; message: string };

export interface Manager {
  /**
   * Starts one copy and resolves when its incarnation is known.
   * @param startId unique per attempt, kept in the pid record, so that a start whose outcome we did not live to see is recognised.
   */
  start(spec: WorkerSpec, startId: string): Promise<StartResult>;

  /** What a start with this id became, asked after a crash of ours. Undefined: it left no trace (yet). */
  findStart(spec: WorkerSpec, startId: string): Incarnation | undefined;

  /** The gentle stop: the configured signal (or stop command) to the worker itself, never to its whole tree. */
  terminate(spec: WorkerSpec, target: Incarnation): Promise<SignalResult>;

  /** SIGKILL to every member of the tree, those that left it included. */
  kill(spec: WorkerSpec, target: Incarnation, members: readonly Incarnation[]): Promise<SignalResult>;

  /** The members of the tree that still exist, zombies excluded; empty when a new tree may start. */
  remains(spec: WorkerSpec, target: Incarnation | undefined, members: readonly Incarnation[]): readonly Incarnation[];

  /** How this incarnation ended, if it is known by now. */
  exitOf(spec: WorkerSpec, target: Incarnation): ExitRecord | undefined;
}
