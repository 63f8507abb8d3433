// What an incident on the host itself (`restart_largest`) does next: end the largest worker, let the memory settle, measure, and only then think of another.

import type { Stamp } from "./clock.ts";
import type { Condition, Policy } from "./facts.ts";
import type { EndState, Incident } from "./incident.ts";
import { bytes, comparison } from "./phrases.ts";
import type { SuppressReason } from "./reason.ts";
import type { Candidate } from "./victim.ts";
import { chooseVictim } from "./victim.ts";

export interface HostFacts {
  now: Stamp;
  condition: Condition;
  candidates: readonly Candidate[];
  /** A worker is being ended, for this incident or another: memory is about to change. */
  stopping: boolean;
  paused: boolean;
  /** Below the critical floor. */
  critical: boolean;
  dryRun: boolean;
}

export type HostStep =
  | { kind: "wait"; until: number; blocked?: SuppressReason; because?: string }
  /** `helpless`: there is nobody whose end would help; people must look for the memory elsewhere. */
  | { kind: "settle"; deadline: number; because: string; helpless?: true }
  | { kind: "choose"; worker: string; because: string }
  | { kind: "close"; state: EndState; suppressed?: SuppressReason; because: string };

/** Freed memory shows in MemAvailable within this time. */
const SETTLE_SECONDS = 3;

export function decideHost(incident: Incident, facts: HostFacts, policy: Policy): HostStep {
  const { now } = facts;
  const ended = incident.victims?.length ?? 0;
  const lookAgain = now.mono + policy.lookAgainSeconds;
  if (facts.stopping) return { kind: "wait", until: now.mono + 1 };
  if (incident.state === "open" && ended > 0)
    return { kind: "settle", deadline: now.mono + SETTLE_SECONDS, because: "waiting for the memory to settle" };
  // Who is helpless has nothing to let settle: the next reading may show somebody who helps, or the critical floor.
  if (incident.state === "settling" && incident.helpless !== true && now.mono < (incident.deadline ?? 0))
    return { kind: "wait", until: incident.deadline ?? 0 };

  const { condition } = facts;
  if (condition.kind === "unevaluable")
    return { kind: "wait", until: lookAgain, because: `not decidable yet: ${condition.why}` };
  if (condition.kind === "false") {
    if (ended > 0)
      return {
        kind: "close",
        state: "resolved",
        because: `the floor is kept again${comparison("system_memory", condition)}`,
      };
    if (incident.blocked !== undefined || incident.state === "settling")
      return { kind: "close", state: "cancelled", because: `it passed${comparison("system_memory", condition)}` };
    return {
      kind: "close",
      state: "cancelled",
      suppressed: "not_reproduced",
      because: `our own reading does not show it${comparison("system_memory", condition)}`,
    };
  }
  if (facts.paused) return { kind: "wait", until: lookAgain, blocked: "paused", because: "automation is paused" };

  const shortage = condition.kind === "true" && condition.limit !== undefined ? condition.limit - condition.value : 0;
  const choice = chooseVictim(facts.candidates, shortage, { alreadyEnded: ended, critical: facts.critical });
  if (choice.kind === "none") {
    // Said once: while the shortage lasts, a worker may become one that helps.
    return incident.helpless === true
      ? { kind: "wait", until: lookAgain }
      : { kind: "settle", deadline: lookAgain, because: choice.because, helpless: true };
  }
  if (facts.dryRun)
    return { kind: "wait", until: lookAgain, blocked: "dry_run", because: `dry run: would renew ${choice.worker}` };
  return {
    kind: "choose",
    worker: choice.worker,
    because: `${choice.worker}, ${choice.because} (${bytes(choice.memoryBytes)})${comparison("system_memory", condition)}`,
  };
}
