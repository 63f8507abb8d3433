// The engine on a machine of literals: what becomes of whole incidents.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Journal, JournalError, readJournal } from "../../../remediator/incidents/journal.ts";
import { Ledger } from "../../../remediator/incidents/ledger.ts";
import { operate, pause, resume } from "../../../remediator/incidents/operator.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { BOOT, command, MIB, ROOMY, type SpecLiteral, spec, supervised } from "./builders.ts";
import { flush, pass, useFakeTime, World, type WorldOptions } from "./world.ts";

beforeEach(useFakeTime);
afterEach(() => {
  vi.useRealTimers();
});

const OVER_LIMIT = { alertname: "PitcrewWorkerMemoryOverLimit", remediation: "restart", reason: "memory_limit" };

async function worldOf(specs: readonly SpecLiteral[] = [{}], options: Partial<WorldOptions> = {}): Promise<World> {
  const world = new World({ specs: specs.map(spec), ...options });
  await world.startDaemon();
  await pass(15);
  return world;
}

/** A world in which only webhooks speak: no guard. */
function quiet(): Partial<WorldOptions> {
  const guard = { when: "never", heartbeatTimeoutSeconds: 180, intervalSeconds: 2, rules: [] } as const;
  return { remediator: { guard } };
}

function stories(world: World, worker = "w"): string[] {
  return [...world.engine.ledger.incidents.values()]
    .filter(({ target }) => target.kind === "worker" && target.worker === worker)
    .map(({ ladder, state, suppressed }) =>
      [ladder, state, ...(suppressed === undefined ? [] : [suppressed])].join(" "),
    );
}

function order(world: World, action: "start" | "stop" | "restart" | "recycle" | "clear", worker = "w", force = false) {
  return operate(world.engine, { action, worker, by: "ann", force });
}

describe("a worker over its memory limit", () => {
  test("is replaced once, although a hundred copies of the alert come", async () => {
    const directory = temporaryDirectory();
    const { journal } = Journal.open(directory, BOOT);
    const world = await worldOf([{}], { ...quiet(), journal });
    const w = world.worker("w");
    Object.assign(w.running ?? {}, { memoryMib: 150 });
    for (let copy = 0; copy < 100; copy += 1) world.alert({ ...OVER_LIMIT, worker: "w" });
    await pass(15);
    journal.close();

    expect(w.processes.map(({ signals, isAlive }) => ({ signals, isAlive }))).toEqual([
      { signals: ["SIGTERM"], isAlive: false },
      { signals: [], isAlive: true },
    ]);
    expect(stories(world)).toEqual(["start resolved", "restart resolved"]);
    expect(world.engine.ledger.suppressed.get("duplicate")).toBe(99);
    const known = world.engine.ledger.worker("w");
    expect([...known.restarts]).toEqual([["memory_limit", 1]]);
    expect([...known.exits]).toEqual([["signal", 1]]);
    const kept = Ledger.fold(readJournal(directory).records, BOOT, world.clock());
    expect([...kept.incidents]).toEqual([...world.engine.ledger.incidents]);
    expect(kept.worker("w")).toEqual(known);
  });

  test("is found by the guard alone, and its neighbour is left alone", async () => {
    const world = await worldOf([{ name: "a" }, { name: "b" }]);
    Object.assign(world.worker("a").running ?? {}, { memoryMib: 150 });
    await pass(20);
    expect(world.worker("a").processes).toHaveLength(2);
    expect(world.worker("b").processes).toHaveLength(1);
  });

  test("under its limit is not touched, whatever an alert says", async () => {
    const world = await worldOf([{}], quiet());
    world.alert({ ...OVER_LIMIT, worker: "w" });
    await pass(5);
    expect(stories(world)).toEqual(["start resolved", "restart cancelled not_reproduced"]);
    expect(world.worker("w").processes).toHaveLength(1);
  });

  test("that ignores SIGTERM is killed after its grace, its whole tree with it, before the next one starts", async () => {
    const world = new World({ specs: [spec()] });
    const w = world.worker("w");
    w.next = { endsWithin: undefined, hasChild: true };
    await world.startDaemon();
    await pass(15);
    Object.assign(w.running ?? {}, { memoryMib: 150 });
    await pass(29);
    expect(w.processes[0]?.signals).toEqual(["SIGTERM"]);
    await pass(20);
    expect(w.processes[0]).toMatchObject({ signals: ["SIGTERM", "SIGKILL"], isAlive: false, isChildAlive: false });
    expect(w.copies).toBe(1);
    expect(world.violations).toEqual([]);
    expect([...world.engine.ledger.actions]).toEqual(
      expect.arrayContaining([
        ["terminate/timed_out", 1],
        ["kill/done", 1],
      ]),
    );
  });

  test("that survives SIGKILL is escalated: no second copy, no second attempt, and no end of incidents", async () => {
    const world = await worldOf();
    const w = world.worker("w");
    Object.assign(w.running ?? {}, { memoryMib: 150, immortal: true });
    await pass(600);
    expect(w.processes).toHaveLength(1);
    expect(w.processes[0]?.signals).toEqual(["SIGTERM"]);
    expect(stories(world).slice(0, 3)).toEqual(["start resolved", "restart escalated", "restart cancelled duplicate"]);
    expect(stories(world).length).toBeLessThan(6);
  });

  test("again and again is held stopped by its cooldown, twice as long each time", async () => {
    const world = new World({ specs: [spec({ budget: { starts: 99, windowSeconds: 1800 } })] });
    const w = world.worker("w");
    w.next = { memoryMib: 95, growthMib: 1 };
    await world.startDaemon();
    await pass(330);
    const births = w.processes.map(({ bornMono }) => Math.round(bornMono - (w.processes[0]?.bornMono ?? 0)));
    const gaps = births.slice(1).map((birth, index) => birth - (births[index] ?? 0));
    expect(gaps[0]).toBeLessThan(10);
    expect(gaps.slice(1, 3)).toEqual([60, 120]);
    expect(world.violations).toEqual([]);
  });

  test("is stopped when the budget is spent, and started when it is free again", async () => {
    const limited = { budget: { starts: 1, windowSeconds: 600 }, cooldownSeconds: 1 };
    const world = await worldOf([limited]);
    const w = world.worker("w");
    Object.assign(w.running ?? {}, { memoryMib: 150 });
    await pass(30);
    const second = w.running;
    Object.assign(second ?? {}, { memoryMib: 150 });
    await pass(30);
    expect(w.copies).toBe(0);
    expect(world.engine.ledger.openIncidentOf("w")).toMatchObject({ state: "holding", blocked: "budget" });
    await pass(600);
    expect(w.copies).toBe(1);
    expect((w.running?.bornMono ?? 0) - (second?.bornMono ?? 0)).toBeCloseTo(600, 0);
  });

  test("cuts the grace of a planned renewal when the machine falls below its critical floor", async () => {
    const world = await worldOf([{ limits: { ageSeconds: 20 } }]);
    const w = world.worker("w");
    Object.assign(w.running ?? {}, { endsWithin: undefined });
    await pass(8);
    expect(w.processes[0]?.signals).toEqual(["SIGTERM"]);
    world.system = { ...ROOMY, memoryAvailableBytes: 300 * MIB };
    await pass(6);
    expect(w.processes[0]?.signals).toEqual(["SIGTERM", "SIGKILL"]);
  });
});

describe("several workers", () => {
  test("are ended one at a time", async () => {
    const names = ["a", "b", "c", "d"];
    const world = await worldOf(names.map((name) => ({ name })));
    let most = 0;
    world.onFault = () => {
      const ending = names.filter((name) =>
        world.worker(name).processes.some((it) => it.isAlive && it.signals.length > 0),
      );
      most = Math.max(most, ending.length);
    };
    for (const name of names) Object.assign(world.worker(name).running ?? {}, { memoryMib: 150, endsWithin: 3 });
    await pass(60);
    expect(most).toBe(1);
    for (const name of names) expect(world.worker(name).processes).toHaveLength(2);
  });

  test("of a group are renewed for age so that enough of them stay up", async () => {
    const group = ["g-1", "g-2", "g-3"].map((name) => ({ name, group: "g", limits: { ageSeconds: 60 } }));
    const world = await worldOf(group, { remediator: { minHealthy: new Map([["g", 2]]), maxConcurrent: 3 } });
    let fewest = 3;
    const count = () => {
      const up = group.filter(({ name }) => world.worker(name).copies === 1);
      fewest = Math.min(fewest, up.length);
    };
    world.onFault = count;
    await pass(140);
    expect(fewest).toBe(2);
    for (const { name } of group) expect(world.worker(name).processes.length).toBeGreaterThan(1);
  });

  test("are ended largest first, and no more of them than the machine needs", async () => {
    const world = await worldOf(
      [{ name: "a" }, { name: "b" }, { name: "c" }].map((it) => ({ ...it, limits: { memoryBytes: 900 * MIB } })),
    );
    const sizes = { a: 100, b: 300, c: 200 };
    for (const [name, memoryMib] of Object.entries(sizes))
      Object.assign(world.worker(name).running ?? {}, { memoryMib });
    const free = () => 650 * MIB - (world.worker("b").processes.length > 1 ? 0 : 300 * MIB);
    world.systemAt = () => ({ ...ROOMY, memoryAvailableBytes: free() });
    await pass(30);
    expect(["a", "b", "c"].map((name) => world.worker(name).processes.length)).toEqual([1, 2, 1]);
    expect([...world.engine.ledger.worker("b").restarts]).toEqual([["system_memory", 1]]);
    const host = [...world.engine.ledger.incidents.values()].find(({ target }) => target.kind === "host");
    expect(host).toMatchObject({ state: "resolved" });
  });

  test("are left alone when none may be ended; that is said once, and acted on when it changes", async () => {
    const world = await worldOf([{ limits: { memoryBytes: 900 * MIB } }]);
    pause(world.engine, { worker: "w", forSeconds: 300, reason: "maintenance", by: "ann" });
    world.system = { ...ROOMY, memoryAvailableBytes: 300 * MIB };
    const before = world.lines.length;
    await pass(250);
    expect(world.worker("w").processes).toHaveLength(1);
    expect(world.lines.length - before).toBeLessThan(5);
    resume(world.engine, () => true, "ann");
    await pass(15);
    expect(world.worker("w").processes[0]?.signals).toEqual(["SIGTERM"]);
  });
});

describe("a planned renewal", () => {
  test("lets the worker drain, and counts its exit as drained", async () => {
    const world = new World({ specs: [spec({ limits: { ageSeconds: 30 } })] });
    const w = world.worker("w");
    w.next = { drainsWithin: 5 };
    await world.startDaemon();
    await pass(50);
    expect(w.requests).toEqual(["drain"]);
    expect(w.processes[0]?.signals).toEqual([]);
    expect([...world.engine.ledger.worker("w").exits]).toEqual([["drained", 1]]);
    expect([...world.engine.ledger.worker("w").restarts]).toEqual([["age", 1]]);
  });

  test("that drains too long is terminated, and at once when memory runs over its limit", async () => {
    const specs = ["slow", "leaky"].map((name) =>
      spec({ name, limits: { ageSeconds: 30 }, stop: { drainSeconds: 60 } }),
    );
    const world = new World({ specs });
    for (const { name } of specs) world.worker(name).next = { drainsWithin: 1000 };
    await world.startDaemon();
    await pass(40);
    Object.assign(world.worker("leaky").running ?? {}, { memoryMib: 150 });
    await pass(10);
    expect(world.worker("leaky").processes).toHaveLength(2);
    expect(world.worker("slow").processes).toHaveLength(1);
    await pass(60);
    expect(world.worker("slow").processes).toHaveLength(2);
  });

  test("of memory by relief needs no restart", async () => {
    const world = new World({ specs: [spec({ limits: { memoryReliefBytes: 70 * MIB } })] });
    const w = world.worker("w");
    w.next = { relieves: true, growthMib: 1 };
    await world.startDaemon();
    await pass(60);
    expect(w.requests).toContain("relief");
    expect(w.processes).toHaveLength(1);
  });

  test("that the worker cannot answer does not fill the history", async () => {
    const world = await worldOf([{ limits: { memoryReliefBytes: 20 * MIB } }]);
    await pass(3600);
    expect(stories(world).length).toBeLessThan(12);
    expect(world.lines.length).toBeLessThan(60);
  });
});

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

describe("an operator's stop", () => {
  test("holds: neither supervision nor alerts start the worker again, until an operator does", async () => {
    const world = await worldOf([{ manager: supervised("always") }]);
    const w = world.worker("w");
    order(world, "stop");
    await pass(120);
    expect(w.copies).toBe(0);
    expect(stories(world).at(-1)).toBe("stop resolved");
    order(world, "start");
    await pass(15);
    expect(w.copies).toBe(1);
  });

  test("is not lost while the worker is being started", async () => {
    const world = new World({ specs: [spec()] });
    await world.startDaemon();
    expect(world.engine.ledger.openIncidentOf("w")).toMatchObject({ state: "starting" });
    order(world, "stop");
    await pass(10);
    expect(world.worker("w").copies).toBe(0);
  });

  test("is not lost while the new process is being verified, or the worker is asked for relief", async () => {
    const world = new World({ specs: [spec({ limits: { memoryReliefBytes: 20 * MIB } })] });
    world.worker("w").next = { drainsWithin: 1000 };
    await world.startDaemon();
    await pass(2);
    expect(world.engine.ledger.openIncidentOf("w")).toMatchObject({ state: "verifying" });
    order(world, "stop");
    await pass(5);
    expect(world.worker("w").copies).toBe(0);
  });

  test("that is taken back before the signal leaves the worker as it is", async () => {
    const world = await worldOf([{ name: "w" }, { name: "slow" }]);
    Object.assign(world.worker("slow").running ?? {}, { memoryMib: 150, endsWithin: 20 });
    await pass(5);
    order(world, "stop");
    await pass(2);
    order(world, "start");
    await pass(60);
    expect(world.worker("w").processes).toHaveLength(1);
  });

  test("that is not on the disk is refused, and nothing is done", async () => {
    const world = await worldOf();
    world.diskFull = true;
    expect(() => order(world, "stop")).toThrow(JournalError);
    await pass(10);
    expect(world.worker("w").copies).toBe(1);
    expect(world.engine.ledger.worker("w").desired).toBe("up");
  });
});

describe("a full disk", () => {
  test("does not keep a worker over its memory limit alive", async () => {
    const world = await worldOf();
    world.diskFull = true;
    Object.assign(world.worker("w").running ?? {}, { memoryMib: 150 });
    await pass(30);
    expect(world.worker("w").processes).toHaveLength(2);
    expect(world.engine.store.journalWritable).toBe(false);
    world.diskFull = false;
    world.worker("w").end(1);
    await pass(5);
    expect(world.engine.store.journalWritable).toBe(true);
  });

  test("loses no incident that is under way: what would have joined it has not", async () => {
    const world = await worldOf([{ manager: command(true) }], quiet());
    const w = world.worker("w");
    w.failingStarts = 3;
    w.end(1);
    world.alert({ alertname: "PitcrewWorkerDown", remediation: "start", reason: "down", worker: "w" });
    await pass(1.5);
    expect(world.engine.ledger.openIncidentOf("w")).toMatchObject({ state: "holding" });
    world.diskFull = true;
    expect(() => order(world, "start")).toThrow(JournalError);
    world.diskFull = false;
    await pass(30);
    expect(w.copies).toBe(1);
  });
});

describe("looks that fail or lie", () => {
  test("a look that fails ends neither the engine nor the incident", async () => {
    const world = await worldOf();
    world.worker("w").failingLooks = 2;
    world.engine.lookAtWorker("w");
    await flush();
    Object.assign(world.worker("w").running ?? {}, { memoryMib: 150 });
    await pass(30);
    expect(world.worker("w").processes).toHaveLength(2);
  });

  test("a look that began before the present process was known does not bring the former one back", async () => {
    const world = await worldOf();
    const w = world.worker("w");
    const before = { workers: [w.read()], system: ROOMY };
    const begun = world.clock().mono;
    Object.assign(w.running ?? {}, { memoryMib: 150 });
    await pass(10);
    const known = structuredClone(world.engine.ledger.worker("w"));
    world.engine.sawAll(before, begun);
    expect(world.engine.ledger.worker("w")).toEqual(known);
    expect(known.restarts.has("external")).toBe(false);
  });

  test("a worker that somebody else renewed first is not renewed again", async () => {
    const world = await worldOf([{ manager: command(true) }], quiet());
    const w = world.worker("w");
    Object.assign(w.running ?? {}, { memoryMib: 150 });
    w.end(0);
    w.spawn();
    world.alert({ ...OVER_LIMIT, worker: "w" });
    await pass(15);
    expect(w.processes).toHaveLength(2);
    expect([...world.engine.ledger.worker("w").restarts]).toEqual([["external", 1]]);
  });
});

describe("pauses", () => {
  test("hold starts and stops alike, and end by themselves", async () => {
    const world = await worldOf([{ name: "a" }, { name: "b" }]);
    pause(world.engine, { forSeconds: 60, reason: "maintenance", by: "ann" });
    Object.assign(world.worker("a").running ?? {}, { memoryMib: 150 });
    world.worker("b").end(1);
    await pass(50);
    expect(world.worker("a").processes[0]?.signals).toEqual([]);
    expect(world.worker("b").copies).toBe(0);
    await pass(30);
    expect(world.worker("a").processes).toHaveLength(2);
    expect(world.worker("b").copies).toBe(1);
  });

  test("do not hold an operator", async () => {
    const world = await worldOf();
    pause(world.engine, { worker: "w", forSeconds: 600, reason: "maintenance", by: "ann" });
    order(world, "restart");
    await pass(15);
    expect(world.worker("w").processes).toHaveLength(2);
  });
});
