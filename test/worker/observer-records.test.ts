// The observer and the files that speak of a worker.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { writeBrakeRecord } from "../../worker/files/brake-record.ts";
import { brakeDirectory, pidRecordPath, stateRecordPath } from "../../worker/files/run-directory.ts";
import { writeStateRecord } from "../../worker/files/state-record.ts";
import type { Incarnation } from "../../worker/incarnation.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { floors, look, observing, record } from "./observing.ts";
import { startPython } from "./python.ts";
import { matching, specOf } from "./spec-of.ts";

describe("what the records say", () => {
  test("no record: down; a record of another process or boot: down; a trap: neither, and counted", async () => {
    const { root } = await startPython("ready()");
    const runDirectory = temporaryDirectory();
    const observer = observing([specOf()], runDirectory);
    expect((await look(observer)).presence).toEqual({ kind: "down" });
    record(runDirectory, { ...root, startTicks: root.startTicks - 1 });
    expect((await look(observer)).presence).toEqual({ kind: "down" });
    record(runDirectory, { ...root, bootId: "former" });
    expect((await look(observer)).presence).toEqual({ kind: "down" });
    writeFileSync(pidRecordPath(runDirectory, "train-1"), '{"version":1,');
    expect((await look(observer)).presence).toEqual({ kind: "unknown", source: "record" });
    expect(observer.readErrors().get("train-1")?.get("record")).toBe(1);
    record(runDirectory, root);
    expect((await look(observer)).presence).toEqual({ kind: "up", incarnation: root });
    writeFileSync(pidRecordPath(runDirectory, "train-1"), "");
    // What is seen to live does not end with its record.
    expect((await look(observer)).presence).toEqual({ kind: "up", incarnation: root });
  });

  test("desired: up, until the state says down; a broken state changes nothing; an observed worker never is", async () => {
    const runDirectory = temporaryDirectory();
    const observer = observing(
      [specOf(), specOf({ name: "seen", manager: matching(/no such process/) })],
      runDirectory,
    );
    const desired = async () => (await observer.observe()).workers.map(({ desiredUp }) => desiredUp);
    expect(await desired()).toEqual([true, false]);
    writeStateRecord(runDirectory, {
      version: 1,
      worker: "train-1",
      desired: "down",
      reason: "operator",
      atSeconds: 1,
    });
    expect(await desired()).toEqual([false, false]);
    writeFileSync(stateRecordPath(runDirectory, "train-1"), "broken");
    expect(await desired()).toEqual([false, false]);
    expect(observer.readErrors().get("train-1")?.get("state")).toBe(1);
    writeStateRecord(runDirectory, { version: 1, worker: "train-1", desired: "up", reason: "none", atSeconds: 2 });
    expect(await desired()).toEqual([true, false]);
  });

  test("brakes count for the incarnation that wrote them: the root or a child of it; a trap is refused and counted", async () => {
    const { root, told } = await startPython(`
if os.fork() == 0:
    tell("child", os.getpid())
    ready()
wait()`);
    const runDirectory = temporaryDirectory();
    record(runDirectory, root);
    mkdirSync(brakeDirectory(runDirectory, "train-1"), { recursive: true });
    const observer = observing([specOf()], runDirectory);
    expect(await look(observer)).toMatchObject({ brake: undefined, brakeStreak: undefined });
    const brake = (incarnation: Incarnation) =>
      writeBrakeRecord(runDirectory, {
        version: 1,
        worker: "train-1",
        incarnation,
        brakesTotal: 12,
        consecutiveBrakes: 4,
        limit: 10,
        lastBrakeSeconds: 5,
        handles: [],
        ending: undefined,
      });
    brake(told("child"));
    expect(await look(observer)).toMatchObject({ brakeStreak: 4, brake: { brakesTotal: 12 } });
    brake({ ...root, startTicks: 1 });
    expect(await look(observer)).toMatchObject({ brakeStreak: 0, brake: { brakesTotal: 12 } });
    writeFileSync(join(brakeDirectory(runDirectory, "train-1"), "brake"), "x".repeat(5000));
    expect(await look(observer)).toMatchObject({ brakeStreak: undefined, brake: undefined });
    expect(observer.readErrors().get("train-1")?.get("brake")).toBe(1);
  });
});

describe("a worker with a pidfile", () => {
  const withPidfile = (path: string) => [specOf({ manager: { kind: "observe", locator: { kind: "pidfile", path } } })];

  test("is the process that the file names, and follows it to the next one", async () => {
    const first = await startPython("ready()");
    const second = await startPython("ready()");
    const path = join(temporaryDirectory(), "pid");
    const observer = observing(withPidfile(path));
    expect((await look(observer)).presence).toEqual({ kind: "down" });
    writeFileSync(path, "");
    expect((await look(observer)).presence).toEqual({ kind: "unknown", source: "pidfile" });
    expect(observer.readErrors().get("train-1")?.get("pidfile")).toBe(1);
    writeFileSync(path, `${first.root.pid}\n`);
    expect((await look(observer)).presence).toEqual({ kind: "up", incarnation: first.root });
    writeFileSync(path, `${second.root.pid}\n`);
    expect((await look(observer)).presence).toEqual({ kind: "up", incarnation: second.root });
    writeFileSync(path, "being written");
    expect((await look(observer)).presence).toEqual({ kind: "up", incarnation: second.root });
  });
});

describe("one observer", () => {
  test("answers all who ask at once by one look", async () => {
    const observer = observing([specOf()]);
    const first = observer.observe();
    expect(observer.observe()).toBe(first);
    await first;
    expect(observer.observe()).not.toBe(first);
  });

  test("reads one worker alone, and knows no others", async () => {
    const { root } = await startPython("ready()");
    const runDirectory = temporaryDirectory();
    record(runDirectory, root);
    const observer = observing([specOf(), specOf({ name: "other" })], runDirectory);
    expect((await observer.observeWorker("train-1"))?.presence).toEqual({ kind: "up", incarnation: root });
    expect(await observer.observeWorker("nobody")).toBeUndefined();
  });

  test("keeps what it knows of a process over a reload that changes limits, and forgets workers that are no more", async () => {
    const { root } = await startPython("block = bytearray(20 << 20)\nblock = None\nready()");
    const runDirectory = temporaryDirectory();
    record(runDirectory, root);
    const observer = observing([specOf()], runDirectory);
    const before = await look(observer);
    observer.setSpecs([specOf({ limits: { memoryBytes: 5 } })], floors);
    const after = await look(observer);
    expect(after.presence).toEqual(before.presence);
    expect(after.tree?.residentMemoryPeakBytes).toBeGreaterThanOrEqual(
      before.tree?.residentMemoryPeakBytes ?? Infinity,
    );
    expect(after.spec.limits.memoryBytes).toBe(5);
    observer.setSpecs([], floors);
    expect((await observer.observe()).workers).toEqual([]);
  });
});
