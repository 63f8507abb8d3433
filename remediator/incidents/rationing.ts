// Budgets, cooldown and back-off: when a start is allowed. They ration starts, never stops.
import type { Budget, WorkerSpec } from "../../worker/spec.ts";
import type { Renewal } from "./ledger.ts";
import type { Reason } from "./reason.ts";

const COOLDOWN_CEILING_SECONDS = 15 * 60;
const HEALTHY_RESET_SECONDS = 10 * 60;
const BACKOFF_FIRST_SECONDS = 1;
const BACKOFF_CEILING_SECONDS = 5 * 60;

/** An incarnation that ended before this age died young: starting it again at once would be a crash loop. */
export const YOUNG_SECONDS = 60;

const URGENT: ReadonlySet<Reason> = new Set(["memory_limit", "system_memory", "brake_limit", "crash", "down"]);
/** Renewals that an alert asked for: what a cooldown separates. */
const RENEWALS: ReadonlySet<Reason> = new Set(["memory_limit", "system_memory", "brake_limit", "age"]);

/** Urgent starts spend the budgets; planned ones and an operator's do not. */
export function isUrgent(reason: Reason): boolean {
  return URGENT.has(reason);
}

/** Monotonic seconds from which the budget allows another urgent start; `now` or earlier: it does already. */
export function budgetFreeAt(budget: Budget, renewals: readonly Renewal[], now: number): number {
  const inWindow = renewals.filter((renewal) => renewal.urgent && renewal.at.mono > now - budget.windowSeconds);
  if (inWindow.length < budget.starts) return now;
  const blocking = inWindow[inWindow.length - budget.starts];
  return blocking === undefined ? Number.POSITIVE_INFINITY : blocking.at.mono + budget.windowSeconds;
}

export function budgetRemaining(budget: Budget, renewals: readonly Renewal[], now: number): number {
  const spent = renewals.filter((renewal) => renewal.urgent && renewal.at.mono > now - budget.windowSeconds).length;
  return Math.max(0, budget.starts - spent);
}

/**
 * The end of the present cooldown in monotonic seconds, undefined if there has been no renewal. It doubles with every
 * urgent renewal that follows another within ten healthy minutes, up to a quarter of an hour.
 */
export function cooldownUntil(spec: WorkerSpec, renewals: readonly Renewal[]): number | undefined {
  let until: number | undefined;
  let length = spec.cooldownSeconds;
  for (const renewal of renewals) {
    if (renewal.worker !== spec.name || !RENEWALS.has(renewal.reason)) continue;
    const repeated = until !== undefined && renewal.at.mono < until + HEALTHY_RESET_SECONDS;
    if (!repeated) length = spec.cooldownSeconds;
    else if (renewal.urgent) length = Math.min(length * 2, Math.max(COOLDOWN_CEILING_SECONDS, spec.cooldownSeconds));
    until = renewal.at.mono + length;
  }
  return until;
}

/** Seconds to wait before the next start after so many young deaths or failed starts in a row. */
export function backoffSeconds(failures: number): number {
  return failures <= 1 ? 0 : Math.min(BACKOFF_CEILING_SECONDS, BACKOFF_FIRST_SECONDS * 2 ** (failures - 2));
}
