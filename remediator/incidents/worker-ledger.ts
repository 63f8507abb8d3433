// What is remembered of one worker.
import type { Incarnation } from "../../worker/incarnation.ts";
import type { Stamp } from "./clock.ts";
import type { DesiredReason } from "./journal-entry.ts";
import type { ExitReason, Reason } from "./reason.ts";
import type { StopFailed } from "./summary.ts";

export interface LastExit {
  incarnation: Incarnation;
  code: number | undefined;
  reason: ExitReason;
  atWall: number;
  at: Stamp;
  /** Somebody told its service manager to stop it. */
  byRequest?: boolean;
}

export interface Quarantine {
  since: Stamp;
  reason: Reason;
  holds: "stopped" | "running";
}

export interface WorkerLedger {
  desired: "up" | "down";
  desiredReason: DesiredReason;
  /** When that was last said; undefined: never. */
  desiredAt: Stamp | undefined;
  /** The last incarnation that was seen running. */
  incarnation: Incarnation | undefined;
  seenAt: Stamp | undefined;
  /** That incarnation's end has been recorded. */
  ended: boolean;
  lastExit: LastExit | undefined;
  /** Consecutive incarnations that died young. */
  youngDeaths: number;
  /** Consecutive renewals after which the fresh process was as bad as the one before. */
  ineffectiveRenewals: number;
  /** The incarnation that a destructive action was last begun on: there is at most one such action for each. */
  actedOn: string | undefined;
  /** That action came to nothing: no signal was sent, nobody was told. It may be tried again. */
  stopFailed: StopFailed | undefined;
  quarantine: Quarantine | undefined;
  restarts: Map<Reason, number>;
  exits: Map<ExitReason, number>;
}

/** Of whom nothing has happened yet. */
export function freshWorker(): WorkerLedger {
  return {
    desired: "up",
    desiredReason: "none",
    desiredAt: undefined,
    incarnation: undefined,
    seenAt: undefined,
    ended: true,
    lastExit: undefined,
    youngDeaths: 0,
    ineffectiveRenewals: 0,
    actedOn: undefined,
    stopFailed: undefined,
    quarantine: undefined,
    restarts: new Map(),
    exits: new Map(),
  };
}
