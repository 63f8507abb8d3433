// One value of one series, as a rule sees it.

export interface Sample {
  name: string;
  labels: Readonly<Record<string, string>>;
  value: number;
}

/**
 * Every metric that is computed locally (worker/samples.ts), and so all that a rule which asks for action may name: on any
 * other the precheck would see nothing, and never agree.
 */
export const ACTIONABLE_METRICS: readonly string[] = [
  "pitcrew_worker_up",
  "pitcrew_worker_desired_up",
  "pitcrew_worker_memory_bytes",
  "pitcrew_worker_memory_limit_bytes",
  "pitcrew_worker_memory_relief_bytes",
  "pitcrew_worker_age_seconds",
  "pitcrew_worker_max_age_seconds",
  "pitcrew_worker_consecutive_brakes",
  "pitcrew_worker_consecutive_brakes_limit",
  "pitcrew_system_memory_available_bytes",
  "pitcrew_system_memory_available_min_bytes",
  "pitcrew_system_memory_available_critical_bytes",
];
