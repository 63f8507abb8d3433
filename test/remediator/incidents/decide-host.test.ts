// The machine as a whole runs out of memory: whose end helps, and what comes after.
import { describe, expect, test } from "vitest";
import { decideHost, type HostFacts } from "../../../remediator/incidents/decide-host.ts";
import type { Incident } from "../../../remediator/incidents/incident.ts";
import { type Candidate, chooseVictim } from "../../../remediator/incidents/victim.ts";
import { DOWN, incident, MIB, NOW, POLICY, reading } from "./builders.ts";

function candidate(name: string, memoryMib: number, excluded?: string): Candidate {
  return { reading: reading({ spec: { name }, tree: { memoryBytes: memoryMib * MIB } }), excluded };
}

const A = candidate("a", 100);
const B = candidate("b", 300);
const C = candidate("c", 200);

const FIRST = { alreadyEnded: 0, critical: true };
const SHORT = { kind: "true", value: 300 * MIB, limit: 400 * MIB } as const;
const ENOUGH = { kind: "false", value: 500 * MIB, limit: 400 * MIB } as const;

function hostIncident(wanted: Partial<Incident> = {}): Incident {
  const { incarnation: _none, ...rest } = incident();
  return { ...rest, target: { kind: "host" }, ladder: "restart_largest", reason: "system_memory", ...wanted };
}

function step(about: Partial<Incident>, seen: Partial<HostFacts> = {}) {
  const everything: HostFacts = {
    now: NOW,
    condition: SHORT,
    candidates: [A, B, C],
    stopping: false,
    paused: false,
    critical: true,
    dryRun: false,
    ...seen,
  };
  return decideHost(hostIncident(about), everything, POLICY);
}

describe("the victim", () => {
  test("is the worker whose end frees most", () => {
    expect(chooseVictim([A, B, C], 10 * MIB, FIRST)).toMatchObject({
      kind: "victim",
      worker: "b",
      memoryBytes: 300 * MIB,
    });
  });

  test("is never one that is excluded", () => {
    expect(chooseVictim([A, { ...B, excluded: "is paused" }], 10 * MIB, FIRST)).toMatchObject({ worker: "a" });
  });

  test("is chosen by name among equals, so that two looks choose the same", () => {
    expect(chooseVictim([candidate("z", 5), candidate("y", 5)], MIB, FIRST)).toMatchObject({ worker: "y" });
  });

  test("is judged by its resident memory where the limit's measure could not be read", () => {
    const unread = { reading: reading({ spec: { name: "d" }, tree: { memoryBytes: undefined } }), excluded: undefined };
    expect(chooseVictim([unread], MIB, FIRST)).toMatchObject({ worker: "d", memoryBytes: 50 * MIB });
  });

  test("is nobody if nobody holds memory, or nobody is eligible; and it is said why", () => {
    expect(chooseVictim([], MIB, FIRST)).toEqual({ kind: "none", because: "none of the workers holds memory" });
    const down = { reading: reading({ presence: DOWN, spec: { name: "d" } }), excluded: "is not up" };
    expect(chooseVictim([down, { ...B, excluded: "is paused" }], MIB, FIRST)).toEqual({
      kind: "none",
      because: "no worker is eligible: d is not up, b is paused",
    });
  });

  test.each([
    { alreadyEnded: 0, critical: false },
    { alreadyEnded: 1, critical: false },
    { alreadyEnded: 1, critical: true },
  ])("is chosen only if the workers together can reach the floor: %j", (so) => {
    expect(chooseVictim([A, C], 301 * MIB, so)).toEqual({
      kind: "none",
      because: "the memory belongs to none of the workers: all 2 together hold 300 MiB, and 301 MiB are missing",
    });
    expect(chooseVictim([A, C], 300 * MIB, so)).toMatchObject({ kind: "victim", worker: "c" });
  });

  test("is chosen below the critical floor although it alone does not reach it, once", () => {
    expect(chooseVictim([A, C], 301 * MIB, FIRST)).toMatchObject({ kind: "victim", worker: "c" });
  });

  test("is who frees most in memory and swap together", () => {
    const swapped = {
      ...A,
      reading: reading({ spec: { name: "a" }, tree: { memoryBytes: MIB, swapMemoryBytes: 400 * MIB } }),
    };
    expect(chooseVictim([swapped, B], MIB, FIRST)).toMatchObject({ worker: "a", memoryBytes: 401 * MIB });
  });
});

describe("an incident on the host", () => {
  test("chooses the largest worker, and says with which numbers", () => {
    expect(step({})).toEqual({
      kind: "choose",
      worker: "b",
      because: "b, the largest of 3 (300 MiB) (300 MiB against 400 MiB)",
    });
  });

  test("waits while something is being ended", () => {
    expect(step({}, { stopping: true })).toEqual({ kind: "wait", until: NOW.mono + 1 });
  });

  test("lets the memory settle after an end, and measures before it thinks of another", () => {
    const victims = ["i-9"];
    expect(step({ victims })).toMatchObject({ kind: "settle", deadline: NOW.mono + 3 });
    expect(step({ victims, state: "settling", deadline: NOW.mono + 2 })).toEqual({ kind: "wait", until: NOW.mono + 2 });
    expect(step({ victims, state: "settling", deadline: NOW.mono })).toMatchObject({ kind: "choose" });
    expect(step({ victims, state: "settling", deadline: NOW.mono }, { condition: ENOUGH })).toMatchObject({
      kind: "close",
      state: "resolved",
    });
  });

  test("that our own reading does not show is not reproduced", () => {
    expect(step({}, { condition: ENOUGH })).toMatchObject({ state: "cancelled", suppressed: "not_reproduced" });
  });

  test("that was held back and then passed is not called so", () => {
    expect(step({ blocked: "paused" }, { condition: ENOUGH })).not.toHaveProperty("suppressed");
  });

  test("waits while all automation is paused, in dry run, and while the memory cannot be read", () => {
    expect(step({}, { paused: true })).toMatchObject({ kind: "wait", blocked: "paused" });
    expect(step({}, { dryRun: true })).toMatchObject({
      kind: "wait",
      blocked: "dry_run",
      because: "dry run: would renew b",
    });
    expect(step({}, { condition: { kind: "unevaluable", why: "no memory" } })).toMatchObject({ kind: "wait" });
  });

  test("without anybody to end says so once, stays open, and acts as soon as a worker becomes eligible", () => {
    const nobody = [{ ...B, excluded: "is paused" }];
    const because = "no worker is eligible: b is paused";
    expect(step({}, { candidates: nobody })).toEqual({
      kind: "settle",
      deadline: NOW.mono + 10,
      because,
      helpless: true,
    });
    const told = { state: "settling", deadline: NOW.mono, helpless: true } as const;
    expect(step(told, { candidates: nobody })).toEqual({ kind: "wait", until: NOW.mono + 10 });
    expect(step(told)).toMatchObject({ kind: "choose", worker: "b" });
    const passed = step(told, { condition: ENOUGH });
    expect(passed).toMatchObject({ kind: "close", state: "cancelled" });
    expect(passed).not.toHaveProperty("suppressed");
  });
});
