// The observer on real processes that hold real memory, fork, escape and die.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { writeBrakeRecord } from "../../worker/files/brake-record.ts";
import { writePidRecord } from "../../worker/files/pid-record.ts";
import { brakeDirectory, pidRecordPath, stateRecordPath } from "../../worker/files/run-directory.ts";
import { writeStateRecord } from "../../worker/files/state-record.ts";
import type { Incarnation } from "../../worker/incarnation.ts";
import { Observer } from "../../worker/observer.ts";
import type { WorkerReading } from "../../worker/reading.ts";
import { signalIncarnation } from "../../worker/signal.ts";
import type { WorkerSpec } from "../../worker/spec.ts";
import { eventually } from "../support/eventually.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { startPython } from "./python.ts";
import { matching, specOf } from "./spec-of.ts";

const MIB = 1024 ** 2;
const floors = { minAvailableBytes: undefined, criticalAvailableBytes: undefined };

function observing(specs: readonly WorkerSpec[], runDirectory = temporaryDirectory()): Observer {
  const observer = new Observer({ host: "box", runDirectory, specs, floors });
  onTestFinished(() => observer.close());
  return observer;
}

async function look(observer: Observer): Promise<WorkerReading> {
  const [reading] = (await observer.observe()).workers;
  if (reading === undefined) throw new Error("no worker is configured");
  return reading;
}

/** A pattern that only this test's process matches. */
function tag(): string {
  return `pitcrew-test-${process.pid}-${Math.random().toString(36).slice(2)}`;
}

function record(runDirectory: string, incarnation: Incarnation, session = 0): void {
  writePidRecord(runDirectory, { version: 1, worker: "train-1", incarnation, session, startId: "s" });
}

describe("memory", () => {
  test("of eight forked readers of one 60 MiB block is near 60 MiB, though their RSS sums to many times that", async () => {
    const name = tag();
    const script = `
block = bytearray(60 << 20)
for at in range(0, len(block), 4096): block[at] = 1
from_children, to_parent = os.pipe()
for _ in range(8):
    if os.fork() == 0:
        tell(f"reader{_}", os.getpid())
        sum(block[at] for at in range(0, len(block), 4096))
        os.write(to_parent, b".")
        wait()
got = 0
while got < 8: got += len(os.read(from_children, 8))
ready()`;
    await startPython(script, { args: [name] });
    const observer = observing([specOf({ manager: matching(new RegExp(name)), limits: { memoryBytes: 200 * MIB } })]);
    const { tree } = await look(observer);
    expect(tree?.members).toHaveLength(9);
    expect(tree?.residentMemoryBytes).toBeGreaterThan(500 * MIB);
    expect(tree?.memoryBytes).toBeGreaterThan(60 * MIB);
    expect(tree?.memoryBytes).toBeLessThan(130 * MIB);
    expect(tree?.residentMemoryPeakBytes).toBe(tree?.residentMemoryBytes);
    // Below half of its limit no PSS is read: the cheap figure is on the safe side.
    observer.setSpecs([specOf({ manager: matching(new RegExp(name)), limits: { memoryBytes: 4096 * MIB } })], floors);
    const cheap = (await look(observer)).tree;
    expect(cheap?.memoryBytes).toBe(cheap?.residentMemoryBytes);
  });

  test("that was given back lowers the reading, not the peak", async () => {
    const { root } = await startPython(`
block = bytearray(40 << 20)
for at in range(0, len(block), 4096): block[at] = 1
def give_back(*_):
    global block
    block = None
signal.signal(signal.SIGUSR1, give_back)
ready()`);
    const runDirectory = temporaryDirectory();
    record(runDirectory, root);
    const observer = observing([specOf()], runDirectory);
    const before = await look(observer);
    expect(before.tree?.memoryBytes).toBeGreaterThan(40 * MIB);
    signalIncarnation(root, "SIGUSR1");
    await eventually(async () => ((await look(observer)).tree?.memoryBytes ?? Infinity) < 35 * MIB, {
      what: "the memory to be given back",
    });
    expect((await look(observer)).tree?.residentMemoryPeakBytes).toBe(before.tree?.memoryBytes);
  });
});

describe("a tree", () => {
  test("grows and shrinks with its processes: children, grandchildren, what left the process group", async () => {
    const { root, hears } = await startPython(
      `
def fork_more(*_):
    if os.fork() == 0:
        tell("child", os.getpid())
        if os.fork() == 0:
            os.setpgid(0, 0)
            tell("grandchild", os.getpid())
        wait()
signal.signal(signal.SIGUSR1, fork_more)
ready()`,
    );
    const runDirectory = temporaryDirectory();
    record(runDirectory, root);
    const observer = observing([specOf()], runDirectory);
    expect((await look(observer)).tree?.members).toEqual([root]);
    signalIncarnation(root, "SIGUSR1");
    const child = await hears("child");
    const grandchild = await hears("grandchild");
    const grown = await eventually(
      async () => {
        const members = (await look(observer)).tree?.members ?? [];
        return members.length === 3 && members;
      },
      { what: "the tree to have three members" },
    );
    expect(grown[0]).toEqual(root);
    expect(grown).toContainEqual(grandchild);
    // An orphan by now, but seen while it was not.
    signalIncarnation(child, "SIGKILL");
    await eventually(async () => (await look(observer)).tree?.members.length === 2, { what: "the child to be gone" });
    expect((await look(observer)).tree?.members).toEqual([root, grandchild]);
  });

  test("of a supervised worker holds orphans of the shim's session, but neither the shim nor its helpers", async () => {
    const shim = await startPython(
      `
from_worker, to_shim = os.pipe()
if os.fork() == 0:
    tell("worker", os.getpid())
    if os.fork() == 0:
        middle = os.getpid()
        if os.fork() == 0:
            while os.getppid() == middle: pass
            tell("orphan", os.getpid())
            os.write(to_shim, b".")
            wait()
        os._exit(0)
    os.wait()
    wait()
os.read(from_worker, 1)
if os.fork() == 0:
    tell("helper", os.getpid())
    ready()
wait()`,
      { detached: true },
    );
    const runDirectory = temporaryDirectory();
    record(runDirectory, shim.told("worker"), shim.root.pid);
    const { tree } = await look(observing([specOf()], runDirectory));
    expect(tree?.members).toEqual([shim.told("worker"), shim.told("orphan")]);
  });
});

describe("a worker's end", () => {
  test("is seen at once, also as a zombie that nobody waits for", async () => {
    const { told } = await startPython(`
if os.fork() == 0:
    tell("worker", os.getpid())
    ready()
wait()`);
    const runDirectory = temporaryDirectory();
    record(runDirectory, told("worker"));
    const observer = observing([specOf()], runDirectory);
    expect((await look(observer)).presence).toEqual({ kind: "up", incarnation: told("worker") });
    signalIncarnation(told("worker"), "SIGKILL");
    await eventually(async () => (await look(observer)).presence.kind === "down", { what: "the worker to be down" });
    expect((await look(observer)).tree).toBeUndefined();
  });

  test("makes room for the next incarnation, whose peak and age are its own", async () => {
    const name = tag();
    const first = await startPython("block = b'x' * (30 << 20)\nready()", { args: [name] });
    const observer = observing([specOf({ manager: matching(new RegExp(name)) })]);
    const before = await look(observer);
    signalIncarnation(first.root, "SIGKILL");
    await eventually(async () => (await look(observer)).presence.kind === "down", { what: "the first to be gone" });
    const second = await startPython("ready()", { args: [name] });
    const after = await look(observer);
    expect(after.presence).toEqual({ kind: "up", incarnation: second.root });
    expect(after.tree?.residentMemoryPeakBytes).toBeLessThan(before.tree?.residentMemoryPeakBytes ?? 0);
    expect(after.tree?.ageSeconds).toBeLessThan(10);
  });
});

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
