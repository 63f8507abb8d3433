// Quarantine: a worker that dies young, or is over its limit at once, again and again is held stopped, and tried once in a while (half-open).
import type { Policy, WorkerFacts } from "./facts.ts";
import type { Incident } from "./incident.ts";
import { clockSeconds, seconds } from "./phrases.ts";
import type { Step } from "./step.ts";
import { blocked } from "./waiting.ts";

export type QuarantineVerdict =
  | { kind: "none" }
  | { kind: "held"; step: Step }
  /** The one try of this half hour: rations do not hold it back. */
  | { kind: "half_open" };

export function decideQuarantine(incident: Incident, facts: WorkerFacts, policy: Policy): QuarantineVerdict {
  const { now, ledger } = facts;
  // An operator's start has cleared it.
  if (incident.source === "operator") return { kind: "none" };
  if (ledger.quarantine?.holds === "stopped") {
    const tryAt = ledger.quarantine.since.mono + policy.halfOpenSeconds;
    if (now.mono >= tryAt) return { kind: "half_open" };
    const because = `quarantined: held stopped, one try in ${clockSeconds(tryAt - now.mono)}; pitcrew clear lets it out`;
    return { kind: "held", step: blocked("quarantined", tryAt, because) };
  }
  const budgetSpent = facts.rations.workerBudgetFreeAt > now.mono;
  const enough = budgetSpent ? policy.youngDeathsToQuarantineBeyondBudget : policy.youngDeathsToQuarantine;
  const { ineffectiveRenewals, youngDeaths } = ledger;
  if (Math.max(youngDeaths, ineffectiveRenewals) < enough) return { kind: "none" };
  const failed =
    youngDeaths >= enough
      ? `it died young ${youngDeaths} times in a row`
      : `renewing it did not help ${ineffectiveRenewals} times in a row`;
  const because = `${failed}: quarantined, held stopped, tried once every ${seconds(policy.halfOpenSeconds)}`;
  return { kind: "held", step: { kind: "quarantine", because } };
}
