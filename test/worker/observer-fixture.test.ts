// What no real machine can be asked to show: hidden processes, reused pids, other people's sessions.
import { describe, expect, onTestFinished, test } from "vitest";
import { Observer } from "../../worker/observer.ts";
import type { Presence } from "../../worker/reading.ts";
import type { ManagerSpec, WorkerSpec } from "../../worker/spec.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { BOOT_ID, type FixtureProc, fixtureProc } from "./fixture-proc.ts";
import { matching, specOf } from "./spec-of.ts";

const [a, b, c, d] = [5_000_001, 5_000_002, 5_000_003, 5_000_004];
const TRAIN = ["python3", "train.py", "--lr", "1"];

function observerOn(proc: FixtureProc, specs: readonly WorkerSpec[]): Observer {
  const observer = new Observer({
    host: "box",
    runDirectory: temporaryDirectory(),
    specs,
    floors: { minAvailableBytes: undefined, criticalAvailableBytes: undefined },
    procRoot: proc.root,
    cgroupRoot: `${proc.root}/no-cgroups`,
    nowSeconds: () => 1_700_000_000,
  });
  onTestFinished(() => observer.close());
  return observer;
}

async function presences(observer: Observer): Promise<Presence[]> {
  return (await observer.observe()).workers.map(({ presence }) => presence);
}

const up = (pid: number, startTicks = 500) => ({ kind: "up", incarnation: { bootId: BOOT_ID, pid, startTicks } });
const one = (manager: ManagerSpec = matching(/train\.py/)) => [specOf({ manager })];
const slots = (count: number) =>
  Array.from({ length: count }, (_, i) =>
    specOf({ name: `train-${i + 1}`, manager: matching(/train\.py/, { index: i + 1, count }) }),
  );

describe("a matched worker", () => {
  test("is the process whose arguments, joined by spaces, match", async () => {
    const proc = fixtureProc([
      { pid: a, cmdline: ["vim", "notes"] },
      { pid: b, cmdline: TRAIN },
    ]);
    expect(await presences(observerOn(proc, one(matching(/^python3 train\.py --lr 1$/))))).toEqual([up(b)]);
  });

  test("is the root of a tree: children with the same command line are members, not other roots", async () => {
    const proc = fixtureProc([
      { pid: a, cmdline: TRAIN },
      { pid: b, ppid: a, startTicks: 501, cmdline: ["sh", "-c", "loader"] },
      { pid: c, ppid: b, startTicks: 502, cmdline: TRAIN },
    ]);
    const [reading] = (await observerOn(proc, one()).observe()).workers;
    expect(reading?.presence).toEqual(up(a));
    expect(reading?.tree?.members.map(({ pid }) => pid)).toEqual([a, b, c]);
  });

  test("is ambiguous with two unrelated roots, which is counted, and found again with one", async () => {
    const proc = fixtureProc([{ pid: a, cmdline: TRAIN }]);
    const observer = observerOn(proc, one());
    expect(await presences(observer)).toEqual([up(a)]);
    proc.put({ pid: b, cmdline: TRAIN });
    const [reading] = (await observer.observe()).workers;
    expect(reading).toMatchObject({ presence: { kind: "ambiguous", roots: 2 }, tree: undefined });
    expect(observer.readErrors().get("train-1")?.get("processes")).toBe(1);
    proc.remove(a);
    expect(await presences(observer)).toEqual([up(b)]);
  });

  test("is never one of two users' processes that is not its user's", async () => {
    const proc = fixtureProc([
      { pid: a, cmdline: TRAIN, uid: 12_345 },
      { pid: b, cmdline: TRAIN, uid: 0 },
    ]);
    const locator = { kind: "match", cmdline: /train\.py/, user: "root" } as const;
    expect(await presences(observerOn(proc, one({ kind: "observe", locator })))).toEqual([up(b)]);
  });

  test("of a user that does not exist is neither up nor down", async () => {
    const proc = fixtureProc([{ pid: a, cmdline: TRAIN }]);
    const locator = { kind: "match", cmdline: /train\.py/, user: "no-such-user-here" } as const;
    expect(await presences(observerOn(proc, one({ kind: "observe", locator })))).toEqual([
      { kind: "unknown", source: "processes" },
    ]);
  });

  test("is never pitcrew itself, nor who started it", async () => {
    const proc = fixtureProc([
      { pid: d, cmdline: ["sh", "-c", "pitcrew check train.py"] },
      { pid: process.pid, ppid: d, cmdline: ["pitcrew", "check", "train.py"] },
      { pid: a, cmdline: TRAIN },
    ]);
    expect(await presences(observerOn(proc, one()))).toEqual([up(a)]);
  });

  test("that is not found where a process is listed but kept from us is neither up nor down", async () => {
    const proc = fixtureProc([{ pid: a, cmdline: TRAIN }]);
    // A directory in its place reads like a file that may not be opened.
    proc.remove(a);
    proc.write(`${a}/stat/x`, "");
    const observer = observerOn(proc, one());
    expect(await presences(observer)).toEqual([{ kind: "unknown", source: "processes" }]);
    proc.put({ pid: a, cmdline: TRAIN });
    expect(await presences(observer)).toEqual([up(a)]);
  });

  test("that is not found where processes are hidden is neither up nor down; one that is found is up", async () => {
    const proc = fixtureProc([{ pid: a, cmdline: TRAIN }]);
    proc.remove(1);
    const observer = observerOn(proc, [...one(), specOf({ name: "other", manager: matching(/other/) })]);
    expect(await presences(observer)).toEqual([up(a), { kind: "unknown", source: "processes" }]);
    expect(observer.readErrors().get("other")?.get("processes")).toBe(1);
  });

  test("is recognised after the exec of its launcher, young or old", async () => {
    const proc = fixtureProc([
      { pid: a, startTicks: 999_950, cmdline: ["nohup", "x"] },
      { pid: b, cmdline: ["sh", "start.sh"], comm: "sh" },
    ]);
    const observer = observerOn(proc, slots(2));
    expect(await presences(observer)).toEqual([{ kind: "down" }, { kind: "down" }]);
    proc.put({ pid: a, startTicks: 999_950, cmdline: TRAIN });
    expect(await presences(observer)).toEqual([up(a, 999_950), { kind: "down" }]);
    proc.put({ pid: b, cmdline: TRAIN, comm: "python3" });
    for (let round = 0; round < 16; round++) await observer.observe();
    expect(await presences(observer)).toEqual([up(a, 999_950), up(b)]);
  });

  test("that rewrites its command line once it has settled is still itself", async () => {
    const proc = fixtureProc([{ pid: a, cmdline: TRAIN }]);
    const observer = observerOn(proc, one());
    await observer.observe();
    proc.write(`${a}/cmdline`, "epoch 5 of 9\0");
    proc.write(`${a}/stat`, `${a} (epoch) S 1 ${a} 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 500 0 0\n`);
    for (let round = 0; round < 17; round++) expect(await presences(observer)).toEqual([up(a)]);
  });
});

describe("a worker with a pid file", () => {
  test("whose process is hidden is neither up nor down; where all is seen, it is down", async () => {
    const proc = fixtureProc();
    proc.write("legacy.pid", `${a}\n`);
    const locator = { kind: "pidfile", path: `${proc.root}/legacy.pid` } as const;
    const observer = observerOn(proc, one({ kind: "observe", locator }));
    expect(await presences(observer)).toEqual([{ kind: "down" }]);
    proc.remove(1);
    proc.write("loadavg", "0 0 0 1/1 9\n");
    expect(await presences(observer)).toEqual([{ kind: "unknown", source: "processes" }]);
    proc.write(`${a}/stat/x`, "");
    expect(await presences(observer)).toEqual([{ kind: "unknown", source: "stat" }]);
    expect(observer.readErrors().get("train-1")?.get("stat")).toBe(1);
  });
});

test("a pidfile of another namespace may name a thread of the kernel: nobody's worker", async () => {
  const proc = fixtureProc([{ pid: a, comm: "kworker/0:1", flags: 0x4208060 | 0x200000 }]);
  const path = `${proc.root}/legacy.pid`;
  proc.write("legacy.pid", `${a}\n`);
  const observer = observerOn(proc, one({ kind: "observe", locator: { kind: "pidfile", path } }));
  expect(await presences(observer)).toEqual([{ kind: "unknown", source: "stat" }]);
  proc.put({ pid: a, comm: "worker" });
  expect(await presences(observer)).toMatchObject([{ kind: "up" }]);
});

describe("a group whose processes share slots", () => {
  test("keeps each process in its slot, and gives a free one to whoever comes next", async () => {
    const proc = fixtureProc([
      { pid: a, cmdline: TRAIN, startTicks: 300 },
      { pid: b, cmdline: TRAIN, startTicks: 200 },
    ]);
    const observer = observerOn(proc, slots(3));
    expect(await presences(observer)).toEqual([up(b, 200), up(a, 300), { kind: "down" }]);
    proc.remove(b);
    proc.put({ pid: c, cmdline: TRAIN, startTicks: 900 });
    proc.put({ pid: d, cmdline: TRAIN, startTicks: 950 });
    // A descriptor of a real process would have said by itself that it is gone; a file's does not.
    observer.close();
    observer.setSpecs(slots(3), { minAvailableBytes: undefined, criticalAvailableBytes: undefined });
    expect(await presences(observer)).toEqual([up(c, 900), up(a, 300), up(d, 950)]);
  });
});

describe("what cannot be read", () => {
  test("without an uptime is neither up nor down", async () => {
    const proc = fixtureProc([{ pid: a, cmdline: TRAIN }]);
    proc.write("uptime", "");
    const observer = observerOn(proc, one());
    expect(await presences(observer)).toEqual([{ kind: "unknown", source: "stat" }]);
    expect(observer.readErrors().get("train-1")?.get("stat")).toBe(1);
  });

  test("of memory is absent and counted: RSS, and PSS, which RSS never replaces", async () => {
    const proc = fixtureProc([
      { pid: a, cmdline: TRAIN },
      { pid: b, ppid: a, startTicks: 501 },
    ]);
    const spec = specOf({ manager: matching(/train\.py/), limits: { memoryBytes: 1 } });
    const observer = observerOn(proc, [spec]);
    const [byPss] = (await observer.observe()).workers;
    expect(byPss?.tree).toMatchObject({ memoryBytes: undefined });
    expect(byPss?.tree?.residentMemoryBytes).toBeGreaterThan(0);
    expect(observer.readErrors().get("train-1")?.get("pss")).toBe(1);
    proc.write(`${b}/statm`, "broken");
    const [byRss] = (await observer.observe()).workers;
    expect(byRss).toMatchObject({ presence: up(a), tree: { memoryBytes: undefined, residentMemoryBytes: undefined } });
    expect(observer.readErrors().get("train-1")?.get("memory")).toBe(1);
  });

  test("by cgroup alone is absent and counted where the worker has none of its own", async () => {
    const proc = fixtureProc([{ pid: a, cmdline: TRAIN }]);
    const observer = observerOn(proc, [specOf({ manager: matching(/train\.py/), limits: { measure: "cgroup" } })]);
    expect((await observer.observe()).workers[0]?.tree?.memoryBytes).toBeUndefined();
    expect(observer.readErrors().get("train-1")?.get("cgroup")).toBe(1);
  });

  test("of every source starts at 0 for every worker, and stays with the workers that stay", async () => {
    const proc = fixtureProc();
    const observer = observerOn(proc, [specOf({ name: "x" })]);
    const counts = [...(observer.readErrors().get("x") ?? [])];
    expect(counts).toHaveLength(9);
    expect(counts.every(([, count]) => count === 0)).toBe(true);
    observer.setSpecs([specOf({ name: "y" })], { minAvailableBytes: 1, criticalAvailableBytes: undefined });
    expect([...observer.readErrors().keys()]).toEqual(["y"]);
    expect(observer.observeSystem()).toMatchObject({ memoryAvailableMinBytes: 1, memoryAvailableCriticalBytes: 0 });
  });
});

test("ages and start times come from the clocks of the same look", async () => {
  const proc = fixtureProc([{ pid: a, cmdline: TRAIN, startTicks: 250_050 }]);
  const spec = specOf({ manager: matching(/train\.py/), limits: { ageSeconds: 60 } });
  const tree = (await observerOn(proc, [spec]).observe()).workers[0]?.tree;
  expect(tree).toMatchObject({ ageSeconds: 7499.5, startTimeSeconds: 1_700_000_000 - 7499.5, maxAgeSeconds: 60 });
});

test("without a boot id there is no observer, and it says why", () => {
  expect(() => observerOn({ ...fixtureProc(), root: "/nonexistent" }, [])).toThrow("boot_id cannot be read");
});
