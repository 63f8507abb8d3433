import { describe, expect, test } from "vitest";
import { signalIncarnation } from "../../worker/signal.ts";
import { eventually } from "../support/eventually.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { floors, look, MIB, observing, record, tag } from "./observing.ts";
import { startPython } from "./python.ts";
import { matching, specOf } from "./spec-of.ts";

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
