// How an incident waits: held back for a reason, and for how long at most.
import type { Policy, WorkerFacts } from "./facts.ts";
import type { Incident } from "./incident.ts";
import { seconds } from "./phrases.ts";
import type { SuppressReason } from "./reason.ts";
import type { Step } from "./step.ts";

export function blocked(reason: SuppressReason, until: number, because: string): Step {
  return { kind: "wait", until, blocked: reason, because };
}

/** An intent that found no opening in time is dropped; the next look at the rule brings it back if it is still true. */
export function expired(incident: Incident, facts: WorkerFacts, policy: Policy): Step | undefined {
  return facts.now.mono - incident.openedAt.mono < policy.intentTtlSeconds
    ? undefined
    : { kind: "close", state: "expired", because: `nothing allowed it within ${seconds(policy.intentTtlSeconds)}` };
}
