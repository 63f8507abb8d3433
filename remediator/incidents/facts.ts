// All that a decision may look at. Gathered fresh for every decision (gather.ts); `decide` sees nothing else.
import type { Incarnation } from "../../worker/incarnation.ts";
import type { WorkerReading } from "../../worker/reading.ts";
import type { OwnerView } from "../managers/manager.ts";
import type { Stamp } from "./clock.ts";
import type { WorkerLedger } from "./ledger.ts";

/** The alert's own rule on a fresh reading, without its `for`. */
export type Condition =
  | { kind: "true"; value: number; limit?: number }
  | { kind: "false"; value?: number; limit?: number }
  /** The reading lacks what the rule needs, or the rule is not one that we can evaluate. */
  | { kind: "unevaluable"; why: string }
  /** There is no rule to ask: an operator or supervision wants it, or the alert is trusted as it is. */
  | { kind: "not_needed" };

/** When rationing next allows a start, in monotonic seconds; in the past or undefined: now. */
export interface Rations {
  cooldownUntil: number | undefined;
  workerBudgetFreeAt: number;
  hostBudgetFreeAt: number;
  backoffUntil: number;
  /** Spacing between two starts of the group. */
  groupStartFreeAt: number;
}

export interface WorkerFacts {
  now: Stamp;
  /** Undefined: not in the configuration any more. */
  reading: WorkerReading | undefined;
  condition: Condition;
  ledger: Readonly<WorkerLedger>;
  /** Some incarnation of it was up since the machine was booted. */
  seenInThisBoot: boolean;
  /** What its service manager makes of it; undefined: its starts are ours alone. */
  owner: OwnerView | undefined;
  /** What is left of the tree that is being stopped, or that has ended by itself, whoever its parent is now. */
  remains: readonly Incarnation[];
  /** A termination or start may begin: fewer than `max_concurrent` are under way. */
  slotFree: boolean;
  /** Other workers of the group that are up and in nobody's hands, and how many of them a planned renewal must leave. */
  healthyPeers: number;
  minHealthy: number;
  paused: boolean;
  /** So many urgent renewals that planned ones wait. */
  storm: boolean;
  dryRun: boolean;
  /** Seconds since this daemon began. */
  daemonAgeSeconds: number;
  /** Below the critical floor: no patience. */
  critical: boolean;
  rations: Rations;
}

export interface Policy {
  startupGraceSeconds: number;
  verifySeconds: number;
  intentTtlSeconds: number;
  /** How often an open incident that waits is looked at again. */
  lookAgainSeconds: number;
  /** How often the rule is asked about a process that is being verified. */
  verifyLookSeconds: number;
  /** After SIGKILL: how long until a survivor is a failure. */
  killSeconds: number;
  /** So many young deaths in a row hold a worker stopped; it is tried once in `halfOpenSeconds`. */
  youngDeathsToQuarantine: number;
  /** The same, once its budget of urgent starts is spent, too. */
  youngDeathsToQuarantineBeyondBudget: number;
  halfOpenSeconds: number;
  /** Verified: at most this fraction of its memory limit. */
  verifiedFraction: number;
  /** Below the critical floor the grace of a termination is cut to this. */
  criticalGraceSeconds: number;
}

export const DEFAULT_POLICY: Omit<Policy, "startupGraceSeconds" | "verifySeconds"> = {
  intentTtlSeconds: 600,
  lookAgainSeconds: 10,
  verifyLookSeconds: 2,
  killSeconds: 10,
  youngDeathsToQuarantine: 6,
  youngDeathsToQuarantineBeyondBudget: 4,
  halfOpenSeconds: 1800,
  verifiedFraction: 0.8,
  criticalGraceSeconds: 2,
};
