// The known faults of pidusage and systeminformation, each kept from becoming a number.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { PortableTree } from "../../../worker/portable/portable-worker.ts";
import { descendantsOf, type ListedProcess, listByPs, ProcessList } from "../../../worker/portable/process-list.ts";
import { believed } from "../../../worker/portable/system-memory.ts";
import { type Usage, usageOf } from "../../../worker/portable/usage.ts";

const MIB = 1024 ** 2;
const usage = (entries: Record<number, Partial<Usage>>): ReadonlyMap<number, Usage> =>
  new Map(
    Object.entries(entries).map(([pid, some]) => [
      Number(pid),
      { residentBytes: MIB, cpuSeconds: 1, startSeconds: 1000, ...some },
    ]),
  );

test("a pid that is given to another process is not the same worker, however the library remembers it", () => {
  const tree = new PortableTree(7);
  expect(tree.figures(usage({ 7: {} }))).toMatchObject({ residentBytes: MIB, startSeconds: 1000 });
  // A second more or less is how ps rounds.
  expect(tree.figures(usage({ 7: { startSeconds: 1001 } }))).toMatchObject({ startSeconds: 1000 });
  expect(tree.figures(usage({ 7: { startSeconds: 1060 } }))).toBeUndefined();
});

test("a member's pid that is given to a stranger counts no longer, and what it used stays counted", () => {
  const tree = new PortableTree(7);
  tree.members = [7, 8];
  expect(tree.figures(usage({ 7: {}, 8: { startSeconds: 1010, cpuSeconds: 5 } }))).toMatchObject({ cpuSeconds: 6 });
  const stranger = { startSeconds: 1900, residentBytes: 900 * MIB, cpuSeconds: 77 };
  expect(tree.figures(usage({ 7: {}, 8: stranger }))).toMatchObject({ residentBytes: MIB, cpuSeconds: 6 });
});

test("a process that ends and one that starts with its pid are told apart by ps itself, not by a kept descriptor", async () => {
  const child = spawn("sleep", ["600"], { stdio: "ignore" });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  await once(child, "spawn");
  const pid = child.pid ?? 0;
  // Also with `maxage: 0`, which sends the library's reader of /proc into an endless loop.
  for (let round = 0; round < 3; round++) expect((await usageOf([pid, process.pid])).size).toBe(2);
  child.kill("SIGKILL");
  await once(child, "close");
  expect([...(await usageOf([pid, process.pid])).keys()]).toEqual([process.pid]);
  expect((await usageOf([pid])).size).toBe(0);
});

test.each([
  ["a reading", { total: 100, free: 20, available: 60, buffcache: 30 }, 60],
  ["the silent fallback to what is free", { total: 100, free: 20, available: 20, buffcache: 0 }, undefined],
  ["an estimate of its own, without MemAvailable", { total: 100, free: 20, available: 50, buffcache: 30 }, undefined],
  ["no number", { total: 100, free: 20, available: Number.NaN, buffcache: 30 }, undefined],
  ["more than there is", { total: 100, free: 20, available: 160, buffcache: 30 }, undefined],
])("of available memory, %s is believed or left out", (_, report, available) => {
  expect(believed(report, "linux")).toEqual({ totalBytes: 100, availableBytes: available });
});

test("on macOS and BSD what is available is what is free and in caches", () => {
  expect(believed({ total: 100, free: 20, available: 50, buffcache: 30 }, "darwin").availableBytes).toBe(50);
  expect(believed({ total: 100, free: 20, available: 20, buffcache: 0 }, "darwin").availableBytes).toBeUndefined();
});

test("the list of processes serves for five seconds", async () => {
  let nowMs = 0;
  let asked = 0;
  const entry: ListedProcess = { pid: 7, ppid: 1, isZombie: false, uid: 0, commandLine: "x" };
  const list = new ProcessList({
    nowMs: () => nowMs,
    list: () => {
      asked++;
      return Promise.resolve([entry]);
    },
  });
  for (const at of [0, 1000, 4999]) {
    nowMs = at;
    await list.get();
  }
  expect(asked).toBe(1);
  nowMs = 5001;
  expect((await list.get())?.get(7)).toEqual(entry);
  await list.get(true);
  expect(asked).toBe(3);
});

test("descendants are those whose parents lead to the root; a loop of stale entries ends", () => {
  const entry = (pid: number, ppid: number, isZombie = false): [number, ListedProcess] => [
    pid,
    { pid, ppid, isZombie, uid: 0, commandLine: "" },
  ];
  const processes = new Map([
    entry(1, 0),
    entry(7, 1),
    entry(8, 7),
    entry(9, 8),
    entry(10, 7, true),
    entry(11, 12),
    entry(12, 11),
  ]);
  expect(descendantsOf(7, processes)).toEqual([7, 8, 9]);
  expect(descendantsOf(11, processes)).toEqual([11, 12]);
});

test("a command line with a colon keeps its arguments, which systeminformation would drop", async () => {
  const child = spawn("sleep", ["600"], { argv0: "train --url=http://host:1/x --lr 1", stdio: "ignore" });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  await once(child, "spawn");
  const listed = (await listByPs())?.find(({ pid }) => pid === child.pid);
  expect(listed).toEqual({
    pid: child.pid,
    ppid: process.pid,
    isZombie: false,
    uid: process.geteuid?.(),
    commandLine: "train --url=http://host:1/x --lr 1 600",
  });
});
