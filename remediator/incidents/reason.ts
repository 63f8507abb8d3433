// The words for why something was done, held back or ended: metric labels, history text and alert labels alike.

/** One enumeration serves alerts, restarts, history and labels; an unknown label value becomes `other`. */
export const REASONS = [
  "memory_limit",
  "memory_relief",
  "age",
  "system_memory",
  "brake_limit",
  "drained",
  "requested",
  "crash",
  "exit",
  "down",
  "operator",
  "external",
  "other",
] as const;
export type Reason = (typeof REASONS)[number];

export const SUPPRESS_REASONS = [
  "duplicate",
  "cooldown",
  "budget",
  "slot_busy",
  "min_healthy",
  "storm",
  "paused",
  "operator_stopped",
  "startup_grace",
  "dry_run",
  "stale_incarnation",
  "not_reproduced",
  "unknown_rule",
  "unknown_worker",
  "other_host",
  "no_host",
  "observed_only",
  "ambiguous",
  "quarantined",
  "silenced",
] as const;
export type SuppressReason = (typeof SUPPRESS_REASONS)[number];

export const EXIT_REASONS = [
  "clean",
  "error",
  "brake_limit",
  "drained",
  "requested",
  "signal",
  "oom_kill",
  "unknown",
] as const;
export type ExitReason = (typeof EXIT_REASONS)[number];

const KNOWN: ReadonlySet<string> = new Set(REASONS);

export function toReason(label: string | undefined): Reason {
  return label !== undefined && KNOWN.has(label) ? (label as Reason) : "other";
}

/** The exit code by which a worker asks to be started again (origin: "intentional restart, not a crash"). */
export const RENEW_EXIT_CODE = 42;
