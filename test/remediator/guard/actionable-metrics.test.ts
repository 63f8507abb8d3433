import { describe, expect, test } from "vitest";
import type { Observation } from "../../../worker/reading.ts";
import { ACTIONABLE_METRICS } from "../../../worker/sample.ts";
import { actionableSamples } from "../../../worker/samples.ts";

const INCARNATION = { bootId: "b", pid: 7, startTicks: 1 };

/** One worker of which nothing is absent. */
const EVERYTHING_READ: Observation = {
  workers: [
    {
      spec: {
        name: "w",
        group: "w",
        index: 1,
        manager: { kind: "systemd", unit: "w.service" },
        limits: {
          memoryBytes: 2,
          memoryReliefBytes: 1,
          measure: "auto",
          ageSeconds: 3,
          ageJitter: 0,
          consecutiveBrakes: 10,
        },
        stop: { drainSeconds: 0, signal: "SIGTERM", graceSeconds: 1 },
        startIntervalSeconds: 0,
        budget: { starts: 1, windowSeconds: 1 },
        cooldownSeconds: 1,
      },
      presence: { kind: "up", incarnation: INCARNATION },
      desiredUp: true,
      tree: {
        members: [INCARNATION],
        startTimeSeconds: 1,
        ageSeconds: 1,
        maxAgeSeconds: 3,
        residentMemoryBytes: 1,
        memoryBytes: 1,
        residentMemoryPeakBytes: 1,
      },
      brake: undefined,
      brakeStreak: 0,
    },
  ],
  system: { memoryTotalBytes: 3, memoryAvailableBytes: 2, memoryAvailableMinBytes: 1, memoryAvailableCriticalBytes: 1 },
};

describe("the metrics that a rule may name", () => {
  test("are those that the guard computes, every one of them", () => {
    expect(actionableSamples("h", EVERYTHING_READ).map(({ name }) => name)).toEqual(ACTIONABLE_METRICS);
  });
});
