// The disk is full, looks fail, others interfere.
import { describe, expect, test } from "vitest";
import { JournalError } from "../../../remediator/incidents/journal.ts";
import { command, MIB, ROOMY, spec } from "./builders.ts";
import { low, OVER_LIMIT, order, quiet, stories, timeIsFake, worldOf } from "./scenario.ts";
import { flush, pass, World } from "./world.ts";

timeIsFake();

describe("a stop of which nobody could be told", () => {
  test("is escalated, and tried again by the rule every minute, as long as the worker is over its limit", async () => {
    const world = await worldOf();
    const w = world.worker("w");
    w.failingStops = 2;
    Object.assign(w.running ?? {}, { memoryMib: 150 });
    await pass(50);
    expect(world.engine.ledger.actions.get("terminate/failed")).toBe(1);
    expect(stories(world)).toEqual(["start resolved", "restart escalated", "restart open"]);
    await pass(60);
    expect(world.engine.ledger.actions.get("terminate/failed")).toBe(2);
    await pass(80);
    expect(w.processes.map(({ signals }) => signals)).toEqual([["SIGTERM"], []]);
    expect(world.engine.ledger.worker("w").restarts.get("memory_limit")).toBe(1);
  });

  test("may be tried again by a person at once", async () => {
    const world = await worldOf([{}], quiet());
    const w = world.worker("w");
    w.failingStops = 1;
    order(world, "restart");
    await pass(5);
    expect(stories(world)).toEqual(["start resolved", "restart escalated"]);
    order(world, "restart");
    await pass(15);
    expect(w.processes.map(({ signals }) => signals)).toEqual([["SIGTERM"], []]);
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

  test("does not keep a worker that is being verified alive, nor pitcrew busy", async () => {
    const world = new World({ specs: [spec({ limits: { memoryBytes: 900 * MIB } })] });
    await world.startDaemon();
    await pass(3);
    expect(world.engine.ledger.openIncidentOf("w")).toMatchObject({ state: "verifying" });
    world.diskFull = true;
    world.system = low(300);
    await pass(5);
    expect(world.worker("w").processes[0]?.signals).toEqual(["SIGTERM"]);
  });

  test("that refuses an operator's stop leaves what is being verified as it is", async () => {
    const world = await worldOf();
    Object.assign(world.worker("w").running ?? {}, { memoryMib: 150 });
    await pass(5);
    expect(world.engine.ledger.openIncidentOf("w")).toMatchObject({ state: "verifying" });
    world.diskFull = true;
    expect(() => order(world, "stop")).toThrow(JournalError);
    await pass(5);
    expect(world.worker("w").copies).toBe(1);
    expect(world.engine.ledger.openIncidentOf("w")).toMatchObject({ state: "verifying" });
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
    expect(() => order(world, "restart")).toThrow(JournalError);
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
