// A worker named `w` as the configuration would describe it; only its manager matters here.
import type { ManagerSpec, WorkerSpec } from "../../../worker/spec.ts";

export function workerSpec(manager: ManagerSpec): WorkerSpec {
  return {
    name: "w",
    group: "w",
    index: 1,
    manager,
    limits: { measure: "auto", ageJitter: 0, consecutiveBrakes: 10 },
    stop: { drainSeconds: 0, signal: "SIGTERM", graceSeconds: 5 },
    startIntervalSeconds: 0,
    budget: { starts: 3, windowSeconds: 60 },
    cooldownSeconds: 0,
  };
}
