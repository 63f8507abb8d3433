// Operators give orders and pause automation.
import { describe, expect, test } from "vitest";
import { JournalError } from "../../../remediator/incidents/journal.ts";
import { pause } from "../../../remediator/incidents/operator.ts";
import { MIB, spec, supervised } from "./builders.ts";
import { order, stories, timeIsFake, worldOf } from "./scenario.ts";
import { pass, World } from "./world.ts";

timeIsFake();

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

  test.each([3600, -3600])("last as long as was said although the wall clock is set by %i s", async (step) => {
    const world = await worldOf();
    pause(world.engine, { worker: "w", forSeconds: 60, reason: "maintenance", by: "ann" });
    world.wallStep = step;
    Object.assign(world.worker("w").running ?? {}, { memoryMib: 150 });
    await pass(50);
    expect(world.worker("w").processes).toHaveLength(1);
    world.crash();
    await world.startDaemon();
    await pass(5);
    expect(world.worker("w").processes).toHaveLength(1);
    await pass(20);
    expect(world.worker("w").processes).toHaveLength(2);
  });

  test("do not hold an operator", async () => {
    const world = await worldOf();
    pause(world.engine, { worker: "w", forSeconds: 600, reason: "maintenance", by: "ann" });
    order(world, "restart");
    await pass(15);
    expect(world.worker("w").processes).toHaveLength(2);
  });
});
