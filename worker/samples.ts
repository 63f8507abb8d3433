// The actionable samples: every metric that an actionable rule names, computed here once for the exporter, the guard and the precheck.
import type { Observation, SystemReading, WorkerReading } from "./reading.ts";
import type { Sample } from "./sample.ts";

/** Absent is absent: what could not be read has no sample. */
export function actionableSamples(host: string, observation: Observation): Sample[] {
  const samples: Sample[] = [];
  for (const worker of observation.workers) {
    const labels = { host, worker: worker.spec.name, group: worker.spec.group };
    for (const [name, value] of workerValues(worker)) {
      if (value !== undefined) samples.push({ name: `pitcrew_worker_${name}`, labels, value });
    }
  }
  for (const [name, value] of systemValues(observation.system)) {
    if (value !== undefined) samples.push({ name: `pitcrew_system_memory_${name}`, labels: { host }, value });
  }
  return samples;
}

type Values = readonly (readonly [name: string, value: number | undefined])[];

function workerValues({ spec, presence, desiredUp, tree, brake, brakeStreak }: WorkerReading): Values {
  return [
    ["up", upValue(presence)],
    ["desired_up", desiredUp ? 1 : 0],
    ["memory_bytes", tree?.memoryBytes],
    ["memory_limit_bytes", spec.limits.memoryBytes],
    ["memory_relief_bytes", spec.limits.memoryReliefBytes],
    ["age_seconds", tree?.ageSeconds],
    ["max_age_seconds", tree?.maxAgeSeconds],
    ["consecutive_brakes", brakeStreak],
    ["consecutive_brakes_limit", brakesLimit(brake?.limit ?? spec.limits.consecutiveBrakes)],
  ];
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

function systemValues(system: SystemReading): Values {
  return [
    ["available_bytes", system.memoryAvailableBytes],
    ["available_min_bytes", system.memoryAvailableMinBytes],
    ["available_critical_bytes", system.memoryAvailableCriticalBytes],
  ];
}
