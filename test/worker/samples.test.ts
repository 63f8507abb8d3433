import { describe, expect, test } from "vitest";
import type { SystemReading, TreeReading, WorkerReading } from "../../worker/reading.ts";
import { actionableSamples } from "../../worker/samples.ts";
import { specOf } from "./spec-of.ts";

const incarnation = { bootId: "b", pid: 42, startTicks: 7 };
const tree: TreeReading = {
  members: [incarnation],
  startTimeSeconds: 1000,
  ageSeconds: 50,
  maxAgeSeconds: 3600,
  residentMemoryBytes: 900,
  memoryBytes: 800,
  residentMemoryPeakBytes: 950,
};
const system: SystemReading = {
  memoryTotalBytes: 100,
  memoryAvailableBytes: 60,
  memoryAvailableMinBytes: 20,
  memoryAvailableCriticalBytes: 10,
};
const up: WorkerReading = {
  spec: specOf({ limits: { memoryBytes: 1000, memoryReliefBytes: 700 } }),
  presence: { kind: "up", incarnation },
  desiredUp: true,
  tree,
  brake: undefined,
  brakeStreak: undefined,
};
const down: WorkerReading = { ...up, presence: { kind: "down" }, tree: undefined };

function valuesOf(worker: WorkerReading): Record<string, number> {
  const samples = actionableSamples("box", { workers: [worker], system }).filter(({ labels }) => "worker" in labels);
  for (const { labels } of samples) expect(labels).toEqual({ host: "box", worker: "train-1", group: "train" });
  return Object.fromEntries(samples.map(({ name, value }) => [name.replace("pitcrew_worker_", ""), value]));
}

describe("the samples that rules judge", () => {
  test("of a worker that is up are all of its values and limits", () => {
    expect(valuesOf(up)).toEqual({
      up: 1,
      desired_up: 1,
      memory_bytes: 800,
      memory_limit_bytes: 1000,
      memory_relief_bytes: 700,
      age_seconds: 50,
      max_age_seconds: 3600,
      consecutive_brakes_limit: 10,
    });
  });

  test("of a worker that is down are its limits and that it is down", () => {
    expect(valuesOf(down)).toEqual({
      up: 0,
      desired_up: 1,
      memory_limit_bytes: 1000,
      memory_relief_bytes: 700,
      consecutive_brakes_limit: 10,
    });
  });

  test("of a worker whose source is unreadable, or that two processes claim, do not say whether it is up", () => {
    for (const presence of [
      { kind: "unknown", source: "record" },
      { kind: "ambiguous", roots: 2 },
    ] as const) {
      expect(valuesOf({ ...down, presence, desiredUp: false })).not.toHaveProperty("up");
      expect(valuesOf({ ...down, presence, desiredUp: false })).toMatchObject({
        desired_up: 0,
        memory_limit_bytes: 1000,
      });
    }
  });

  test("leave out limits that are not configured and values that could not be read", () => {
    const reading = { ...up, spec: specOf(), tree: { ...tree, memoryBytes: undefined, maxAgeSeconds: undefined } };
    expect(Object.keys(valuesOf(reading))).toEqual(["up", "desired_up", "age_seconds", "consecutive_brakes_limit"]);
  });

  test("take the limit of brakes from the record, where the worker's own call has set it; a limit of 0 is none", () => {
    const brake = {
      version: 1,
      worker: "train-1",
      incarnation,
      brakesTotal: 9,
      consecutiveBrakes: 3,
      limit: 5,
      lastBrakeSeconds: 1,
      handles: [],
      ending: undefined,
    } as const;
    expect(valuesOf({ ...up, brake, brakeStreak: 3 })).toMatchObject({
      consecutive_brakes: 3,
      consecutive_brakes_limit: 5,
    });
    const unlimited = valuesOf({ ...up, brake: { ...brake, limit: 0 }, brakeStreak: 3 });
    expect(unlimited).toMatchObject({ consecutive_brakes: 3 });
    expect(unlimited).not.toHaveProperty("consecutive_brakes_limit");
  });

  test("of the system carry the host alone, and are absent one by one", () => {
    expect(actionableSamples("box", { workers: [], system: { ...system, memoryAvailableBytes: undefined } })).toEqual([
      { name: "pitcrew_system_memory_available_min_bytes", labels: { host: "box" }, value: 20 },
      { name: "pitcrew_system_memory_available_critical_bytes", labels: { host: "box" }, value: 10 },
    ]);
  });
});
