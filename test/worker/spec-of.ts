// A worker's specification in which only what matters to the test is written.
import type { Limits, ManagerSpec, WorkerSpec } from "../../worker/spec.ts";

export interface SpecOptions {
  name?: string;
  group?: string;
  manager?: ManagerSpec;
  limits?: Partial<Limits>;
}

export function specOf({
  name = "train-1",
  group = "train",
  manager = supervised(),
  limits = {},
}: SpecOptions = {}): WorkerSpec {
  return {
    name,
    group,
    index: 1,
    manager,
    limits: { measure: "auto", ageJitter: 0, consecutiveBrakes: 10, ...limits },
    stop: { drainSeconds: 300, signal: "SIGTERM", graceSeconds: 30 },
    startIntervalSeconds: 5,
    budget: { starts: 3, windowSeconds: 1800 },
    cooldownSeconds: 60,
  };
}

export function supervised(): ManagerSpec {
  return {
    kind: "supervised",
    launch: { argv: ["/bin/true"], directory: "/", environment: {} },
    restart: "on-failure",
  };
}

export function matching(cmdline: RegExp, slot?: { index: number; count: number }): ManagerSpec {
  return { kind: "observe", locator: { kind: "match", cmdline, ...(slot && { slot }) } };
}
