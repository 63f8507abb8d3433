// One manager per way of stopping and starting; the only places in the program that can do either.
import type { Incarnation } from "../../worker/incarnation.ts";
import type { WorkerSpec } from "../../worker/spec.ts";

export type StartResult =
  | { kind: "started"; incarnation: Incarnation }
  /** A copy runs or may run: nothing was started. */
  | { kind: "already_running"; detail: string }
  /** `message` names the worker and the path; `code` is an errno name or `exit_<n>`. */
  | { kind: "failed"; code: string; message: string };

export type SignalResult = { kind: "sent" } | { kind: "gone" } | { kind: "failed"; message: string };

/** How an incarnation ended. A shim's exit record is one. */
export interface WorkerEnd {
  /** 0 … 255; 128+n for a signal. */
  code: number;
  /** Unix seconds. */
  atSeconds: number;
  oomKill?: boolean;
  /** Somebody told its owner to stop it. */
  byRequest?: boolean;
}

/** What a service manager, the other owner of a worker that is a unit, makes of it. */
export type OwnerView =
  /** It has not said yet, or the whole machine is being shut down. */
  | { kind: "unknown" }
  /** Down, and it starts it by itself in a moment. */
  | { kind: "starting" }
  /** Down, because somebody told it to stop it. */
  | { kind: "stopped" }
  /** Down, and it will not start it again; `failed`: it wanted to be up. */
  | { kind: "ended"; failed: boolean }
  /** Up; `byItself`: started again by the service manager after an end, not by anybody's word. */
  | { kind: "running"; byItself: boolean };

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
  exitOf(spec: WorkerSpec, target: Incarnation): WorkerEnd | undefined;

  /** Managers without it are the only owner. Never waits: what is not known yet is asked for, and answered at a later look. */
  ownerView?(spec: WorkerSpec, running: Incarnation | undefined): OwnerView;

  /** Keeps the other owner from starting the worker; nothing happens to one that is down already. */
  hold?(spec: WorkerSpec): Promise<void>;
}
