import { describe, expect, test } from "vitest";
import { environmentHolds } from "../../worker/environment-marker.ts";
import type { Incarnation } from "../../worker/incarnation.ts";
import { treeOf } from "../../worker/process-tree.ts";
import { signalIncarnation } from "../../worker/signal.ts";
import { eventually } from "../support/eventually.ts";
import { BOOT_ID, fixtureProc } from "./fixture-proc.ts";
import { startPython } from "./python.ts";

/** Nobody else's: another run of this test may be under way. */
const runDirectory = `/run/pitcrew-test-${process.pid}`;
const pidsOf = (members: readonly Incarnation[]) => members.map(({ pid }) => pid).sort((a, b) => a - b);
const at = (pid: number, startTicks = 500): Incarnation => ({ bootId: BOOT_ID, pid, startTicks });

function markedEnvironment(worker: string): NodeJS.ProcessEnv {
  return { ...process.env, PITCREW_WORKER: worker, PITCREW_RUN_DIRECTORY: runDirectory };
}

describe("the tree of a real process", () => {
  test("holds children, grandchildren, and those that left its process group, the root first", async () => {
    const { root, told } = await startPython(`
if os.fork() == 0:
    tell("child", os.getpid())
    if os.fork() == 0:
        os.setpgid(0, 0)
        tell("grandchild", os.getpid())
        ready()
wait()`);
    const members = treeOf(root);
    expect(members[0]).toEqual(root);
    expect(pidsOf(members)).toEqual(pidsOf([root, told("child"), told("grandchild")]));
  });

  test("holds an orphan of its session, if it leads the session; of a shared session it holds its descendants alone", async () => {
    const script = `
if os.fork() == 0:
    first = os.getpid()
    if os.fork() == 0:
        while os.getppid() == first: pass
        tell("orphan", os.getpid())
        ready()
    sys.exit(0)
os.wait()
wait()`;
    const leader = await startPython(script, { detached: true });
    expect(pidsOf(treeOf(leader.root))).toEqual(pidsOf([leader.root, leader.told("orphan")]));
    const sharing = await startPython(script);
    expect(treeOf(sharing.root)).toEqual([sharing.root]);
  });

  test("holds what left parents, group and session behind only by its marker, and only by this worker's", async () => {
    const escaping = `
if os.fork() == 0:
    os.setsid()
    first = os.getpid()
    if os.fork() == 0:
        while os.getppid() == first: pass
        tell("escapee", os.getpid())
        ready()
    sys.exit(0)
os.wait()
wait()`;
    const { root, told } = await startPython(escaping, { env: markedEnvironment("train-1"), detached: true });
    expect(treeOf(root)).toEqual([root]);
    const both = pidsOf([root, told("escapee")]);
    expect(pidsOf(treeOf(root, { marker: { worker: "train-1", runDirectory } }))).toEqual(both);
    expect(pidsOf(treeOf(undefined, { marker: { worker: "train-1", runDirectory } }))).toEqual(both);
    expect(treeOf(root, { marker: { worker: "train-2", runDirectory } })).toEqual([root]);
    expect(treeOf(root, { marker: { worker: "train-1", runDirectory: "/elsewhere" } })).toEqual([root]);
    const uid = (process.geteuid?.() ?? 0) + 1;
    expect(treeOf(undefined, { marker: { worker: "train-1", runDirectory, uid } })).toEqual([]);

    signalIncarnation(root, "SIGKILL");
    await eventually(() => treeOf(root).length === 0, { what: "the root to be gone" });
    expect(treeOf(root, { marker: { worker: "train-1", runDirectory } })).toEqual([told("escapee")]);
  });

  test("leaves out zombies", async () => {
    const { root, told } = await startPython(`
child = os.fork()
if child == 0: wait()
tell("child", child)
ready()`);
    signalIncarnation(told("child"), "SIGKILL");
    await eventually(() => treeOf(root).length === 1, { what: "the zombie to be left out" });
    expect(treeOf(root)).toEqual([root]);
  });

  test("leaves out the shim that leads the session, and the shim's helpers", async () => {
    const shim = await startPython(
      `
from_worker, to_shim = os.pipe()
if os.fork() == 0:
    tell("worker", os.getpid())
    if os.fork() == 0:
        tell("child", os.getpid())
        os.write(to_shim, b".")
    wait()
os.read(from_worker, 1)
if os.fork() == 0:
    tell("helper", os.getpid())
    ready()
wait()`,
      { detached: true, env: markedEnvironment("train-1") },
    );
    const worker = shim.told("worker");
    const expected = pidsOf([worker, shim.told("child")]);
    const session = shim.root.pid;
    expect(pidsOf(treeOf(worker, { session }))).toEqual(expected);
    expect(pidsOf(treeOf(worker, { session, marker: { worker: "train-1", runDirectory } }))).toEqual(expected);
  });
});

describe("the tree in a /proc of files", () => {
  const [root, shim, child, orphan, stranger] = [5_000_001, 5_000_002, 5_000_003, 5_000_004, 5_000_005];

  test("knows no members once the root's pid is another process's", () => {
    const proc = fixtureProc([
      { pid: root, startTicks: 900, session: root },
      { pid: child, ppid: root, session: root, startTicks: 950 },
    ]);
    expect(treeOf(at(root), { procRoot: proc.root })).toEqual([]);
  });

  test("knows no members of another boot", () => {
    const proc = fixtureProc([{ pid: root }]);
    expect(treeOf({ ...at(root), bootId: "former" }, { procRoot: proc.root })).toEqual([]);
  });

  test("does not believe a session number once nothing proves that it is still ours", () => {
    const proc = fixtureProc([{ pid: stranger, session: shim }]);
    expect(treeOf(at(root), { procRoot: proc.root, session: shim })).toEqual([]);
    const marker = { worker: "train-1", runDirectory, uid: process.geteuid?.() ?? 0 };
    expect(treeOf(at(root), { procRoot: proc.root, session: shim, marker })).toEqual([]);
    // One marked process proves it for all of its session, one with a cleaned environment included.
    proc.put({ pid: orphan, session: shim });
    proc.write(`${orphan}/environ`, `A=1\0PITCREW_WORKER=train-1\0PITCREW_RUN_DIRECTORY=${runDirectory}\0`);
    expect(pidsOf(treeOf(at(root), { procRoot: proc.root, session: shim, marker }))).toEqual([orphan, stranger]);
  });

  test("believes the session of a living root that is the shim's child, though the root has a session of its own", () => {
    const proc = fixtureProc([
      { pid: shim, session: shim, startTicks: 400 },
      { pid: root, ppid: shim, session: root },
      { pid: orphan, session: shim },
      { pid: child, session: root },
    ]);
    expect(pidsOf(treeOf(at(root), { procRoot: proc.root, session: shim }))).toEqual([root, child, orphan]);
  });

  test("never holds pid 1, or pitcrew itself and those who started it, whatever they carry", () => {
    const proc = fixtureProc([
      { pid: stranger, ppid: 1 },
      { pid: process.pid, ppid: stranger },
    ]);
    for (const pid of [1, stranger, process.pid]) {
      proc.write(`${pid}/environ`, `PITCREW_WORKER=train-1\0PITCREW_RUN_DIRECTORY=${runDirectory}\0`);
    }
    const marker = { worker: "train-1", runDirectory, uid: process.geteuid?.() ?? 0 };
    expect(treeOf(undefined, { procRoot: proc.root, marker })).toEqual([]);
    expect(treeOf(at(1, 1), { procRoot: proc.root })).toEqual([]);
  });

  test("ends where parents form a loop", () => {
    const proc = fixtureProc([
      { pid: root, ppid: child },
      { pid: child, ppid: root },
    ]);
    expect(pidsOf(treeOf(at(root), { procRoot: proc.root }))).toEqual([root, child]);
  });

  test("is empty where /proc is", () => {
    expect(treeOf(at(root), { procRoot: "/nonexistent" })).toEqual([]);
  });
});

test("a marker is two whole entries, not a part of other ones", () => {
  const marker = { worker: "train-1", runDirectory: "/run/p" };
  expect(environmentHolds("PITCREW_RUN_DIRECTORY=/run/p\0X=1\0PITCREW_WORKER=train-1\0", marker)).toBe(true);
  expect(environmentHolds("PITCREW_RUN_DIRECTORY=/run/p\0PITCREW_WORKER=train-11\0", marker)).toBe(false);
  expect(environmentHolds("X=PITCREW_WORKER=train-1\0PITCREW_RUN_DIRECTORY=/run/p\0", marker)).toBe(false);
  expect(environmentHolds("PITCREW_WORKER=train-1\0", marker)).toBe(false);
  expect(environmentHolds("", marker)).toBe(false);
});
