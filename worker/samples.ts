// The actionable samples: every metric that an actionable rule names, computed here once for the exporter, the guard and the precheck.
import type { Observation, SystemReading, WorkerReading } from "./reading.ts";
import type { Sample } from "./sample.ts";

/** Absent is absent: what could not be read has no sample. Those of one worker come together and share one object of labels. */
export function actionableSamples(host: string, observation: Observation): Sample[] {
  const samples: Sample[] = [];
  for (const worker of observation.workers) addWorker(samples, host, worker);
  addSystem(samples, host, observation.system);
  return samples;
}

function addWorker(
  samples: Sample[],
  host: string,
  { spec, presence, desiredUp, tree, brake, brakeStreak }: WorkerReading,
): void {
  const { limits } = spec;
  const labels = { host, worker: spec.name, group: spec.group };
  add(samples, "pitcrew_worker_up", labels, upValue(presence));
  add(samples, "pitcrew_worker_desired_up", labels, desiredUp ? 1 : 0);
  add(samples, "pitcrew_worker_memory_bytes", labels, tree?.memoryBytes);
  add(samples, "pitcrew_worker_memory_limit_bytes", labels, limits.memoryBytes);
  add(samples, "pitcrew_worker_memory_relief_bytes", labels, limits.memoryReliefBytes);
  add(samples, "pitcrew_worker_age_seconds", labels, tree?.ageSeconds);
  add(samples, "pitcrew_worker_max_age_seconds", labels, tree?.maxAgeSeconds);
  add(samples, "pitcrew_worker_consecutive_brakes", labels, brakeStreak);
  const brakesLimitValue = brakesLimit(brake?.limit ?? limits.consecutiveBrakes);
  add(samples, "pitcrew_worker_consecutive_brakes_limit", labels, brakesLimitValue);
}

function addSystem(samples: Sample[], host: string, system: SystemReading): void {
  const labels = { host };
  add(samples, "pitcrew_system_memory_available_bytes", labels, system.memoryAvailableBytes);
  add(samples, "pitcrew_system_memory_available_min_bytes", labels, system.memoryAvailableMinBytes);
  add(samples, "pitcrew_system_memory_available_critical_bytes", labels, system.memoryAvailableCriticalBytes);
}

function add(samples: Sample[], name: string, labels: Sample["labels"], value: number | undefined): void {
  if (value !== undefined) samples.push({ name, labels, value });
}

/** A source that could not be read, and a worker that two processes claim, are neither up nor down. */
function upValue(presence: WorkerReading["presence"]): 0 | 1 | undefined {
  switch (presence.kind) {
    case "up":
      return 1;
    case "down":
      return 0;
    case "unknown":
    case "ambiguous":
      return undefined;
  }
}

/** A limit of 0 means that a worker brakes for ever and never exits: exported, every streak would have reached it. */
function brakesLimit(limit: number): number | undefined {
  return limit === 0 ? undefined : limit;
}
