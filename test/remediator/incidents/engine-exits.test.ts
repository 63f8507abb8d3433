// Workers end by themselves, and starts fail.
import { describe, expect, test } from "vitest";
import { command, spec } from "./builders.ts";
import { order, stories, timeIsFake, worldOf } from "./scenario.ts";
import { pass, World } from "./world.ts";

timeIsFake();

describe("an exit", () => {
  test("that is a failure is followed by a start at once, and by back-off when the worker dies young again and again", async () => {
    const world = new World({
      specs: [spec({ budget: { starts: 99, windowSeconds: 1 } })],
      remediator: { budget: { starts: 99, windowSeconds: 1 } },
    });
    const w = world.worker("w");
    w.next = { endsAfter: 1, exitCode: 1 };
    await world.startDaemon();
    await pass(60);
    const gaps = w.processes
      .slice(1)
      .map((it, index) => Math.round(it.bornMono - (w.processes[index]?.bornMono ?? 0) - 1));
    expect(gaps.slice(0, 5)).toEqual([0, 1, 2, 4, 8]);
    expect(world.violations).toEqual([]);
  });

  test("with code 0 finishes a worker that starts again on failure only, and one with 42 does not", async () => {
    const world = await worldOf([{ name: "done" }, { name: "again" }]);
    world.worker("done").end(0);
    world.worker("again").end(42);
    await pass(5);
    expect(world.worker("done").copies).toBe(0);
    expect(world.desired.get("done")).toBe("down");
    expect(world.worker("again").copies).toBe(1);
    expect([...world.engine.ledger.worker("again").restarts]).toEqual([["requested", 1]]);
    await pass(60);
    expect(world.worker("done").processes).toHaveLength(1);
  });

  test.each([
    ["by SIGKILL of nobody of ours, while the kernel counts one more OOM kill, is the kernel's", 137, 1, "oom_kill"],
    ["by SIGKILL while the kernel counts none is somebody's", 137, 0, "signal"],
    ["by another signal is none of the kernel's, whatever it counts", 143, 1, "signal"],
  ])("%s", async (_title, code, more, reason) => {
    const world = await worldOf();
    world.oomKills += more;
    world.worker("w").end(code);
    await pass(20);
    expect(world.engine.ledger.worker("w").lastExit).toMatchObject({ code, reason });
    expect([...world.engine.ledger.worker("w").exits]).toEqual([[reason, 1]]);
    expect(world.worker("w").copies).toBe(1);
  });

  test.each([
    ["while its memory is still being freed", 4, "oom_kill"],
    ["a minute ago, of something else", 60, "signal"],
  ])("by SIGKILL, of a worker seen alive after the kernel counted one more %s", async (_title, seconds, reason) => {
    const world = await worldOf();
    world.oomKills += 1;
    await pass(seconds);
    world.worker("w").end(137);
    await pass(20);
    expect(world.engine.ledger.worker("w").lastExit).toMatchObject({ code: 137, reason });
  });

  test("by SIGKILL right after a start is not explained by what the kernel ended before that process was there", async () => {
    const world = await worldOf();
    world.oomKills += 1;
    world.worker("w").next = { endsAfter: 1, exitCode: 137 };
    world.worker("w").end(137);
    await pass(20);
    const { exits } = world.engine.ledger.worker("w");
    expect([...exits.keys()]).toEqual(["oom_kill", "signal"]);
    expect(exits.get("oom_kill")).toBe(1);
  });

  test("by our own SIGKILL is ours, although the kernel has ended something meanwhile", async () => {
    const world = await worldOf();
    Object.assign(world.worker("w").running ?? {}, { endsWithin: undefined });
    order(world, "restart");
    await pass(1);
    world.oomKills += 1;
    await pass(60);
    expect(world.worker("w").processes[0]?.signals).toEqual(["SIGTERM", "SIGKILL"]);
    expect(world.engine.ledger.worker("w").lastExit).toMatchObject({ code: 137, reason: "signal" });
  });

  test("right after a start is not a failure if it is a good one", async () => {
    const world = new World({ specs: [spec()] });
    world.worker("w").next = { endsAfter: 3, exitCode: 0 };
    await world.startDaemon();
    await pass(30);
    expect(stories(world)).toEqual(["start resolved"]);
    expect(world.desired.get("w")).toBe("down");
    expect(world.engine.ledger.actions.has("start/ineffective")).toBe(false);
  });

  test("that leaves a child behind is followed by a start when the child is gone, at the latest by force", async () => {
    const world = new World({ specs: [spec({ stop: { graceSeconds: 5 } })] });
    const w = world.worker("w");
    w.next = { hasChild: true };
    await world.startDaemon();
    await pass(15);
    w.end(1);
    await pass(4);
    expect(w.copies).toBe(0);
    await pass(5);
    expect(w.copies).toBe(1);
    expect(world.violations).toEqual([]);
  });

  test("is known even if the tree is gone before it is written down", async () => {
    const world = await worldOf();
    const w = world.worker("w");
    Object.assign(w.running ?? {}, { memoryMib: 150, endsWithin: undefined });
    await pass(60);
    expect([...world.engine.ledger.worker("w").exits]).toEqual([["signal", 1]]);
    expect(world.engine.ledger.worker("w").youngDeaths).toBe(0);
  });

  test("is known even if looks fall between the end and its record", async () => {
    const world = await worldOf();
    const w = world.worker("w");
    Object.assign(w.running ?? {}, { memoryMib: 150 });
    for (let look = 0; look < 500; look += 1) {
      await pass(0.01);
      world.engine.look();
    }
    expect(w.copies).toBe(1);
    expect([...world.engine.ledger.worker("w").restarts]).toEqual([["memory_limit", 1]]);
    expect([...world.engine.ledger.worker("w").exits]).toEqual([["signal", 1]]);
  });

  test("of a worker of somebody else's command is followed by a start through the alert that says that it is down", async () => {
    const world = new World({ specs: [spec({ manager: command(false) })] });
    const w = world.worker("w");
    await world.startDaemon();
    await pass(60);
    expect(w.copies).toBe(0);
    w.spawn();
    await pass(5);
    w.end(1);
    await pass(15);
    expect(w.copies).toBe(1);
  });
});

describe("the first start of a boot", () => {
  test("is no restart and spends no budget, even if a look sees it before it is done", async () => {
    const world = new World({ specs: [spec()] });
    await world.startDaemon();
    world.engine.lookAtWorker("w");
    await pass(15);
    expect(world.worker("w").copies).toBe(1);
    expect(world.engine.ledger.worker("w").restarts.size).toBe(0);
    expect(world.engine.ledger.renewals).toEqual([]);
  });
});

describe("a start that fails", () => {
  test("is tried again with growing pauses, and says why", async () => {
    const world = new World({ specs: [spec()] });
    const w = world.worker("w");
    w.failingStarts = 4;
    await world.startDaemon();
    await pass(30);
    expect(w.copies).toBe(1);
    const [incident] = world.engine.ledger.incidents.values();
    const tried = incident?.story.filter(({ action, outcome }) => action === "start" && outcome === undefined) ?? [];
    expect(tried.slice(1).map(({ at }, index) => Math.round(at.mono - (tried[index]?.at.mono ?? 0)))).toEqual([
      1, 2, 4, 8,
    ]);
    expect(incident?.story.some(({ text }) => text.includes("there is no /nowhere/worker"))).toBe(true);
    expect(world.engine.ledger.actions.get("start/failed")).toBe(4);
  });
});
