// A worker is renewed: for memory at once, for age when there is time.
import { describe, expect, test } from "vitest";
import { Journal, readJournal } from "../../../remediator/incidents/journal.ts";
import { Ledger } from "../../../remediator/incidents/ledger.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { BOOT, MIB, spec } from "./builders.ts";
import { low, OVER_LIMIT, quiet, stories, timeIsFake, worldOf } from "./scenario.ts";
import { pass, World } from "./world.ts";

timeIsFake();

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

  test("at once after each renewal is held stopped in the end, and free again when it is well", async () => {
    const world = await worldOf([{ cooldownSeconds: 0, budget: { starts: 99, windowSeconds: 60 } }], {
      remediator: { budget: { starts: 99, windowSeconds: 60 } },
    });
    const w = world.worker("w");
    w.next = { memoryMib: 150 };
    Object.assign(w.running ?? {}, { memoryMib: 150 });
    await pass(120);
    expect(w.copies).toBe(0);
    expect(w.processes).toHaveLength(7);
    expect(world.engine.ledger.worker("w").quarantine).toMatchObject({ holds: "stopped", reason: "memory_limit" });
    w.next = {};
    await pass(1900);
    expect(w.copies).toBe(1);
    expect(world.engine.ledger.worker("w")).toMatchObject({ quarantine: undefined, ineffectiveRenewals: 0 });
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
    world.system = low(300);
    await pass(6);
    expect(w.processes[0]?.signals).toEqual(["SIGTERM", "SIGKILL"]);
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
