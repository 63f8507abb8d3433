// The machine sleeps and wakes up: the wall clock and the clock of ages have gone on, the one of deadlines has not.
import { expect, test } from "vitest";
import { order, stories, timeIsFake, worldOf } from "./scenario.ts";
import { pass } from "./world.ts";

timeIsFake();

const HOUR = 3600;

test("a suspend in the middle of a termination takes nothing from the grace, and the replacement is one", async () => {
  const world = await worldOf([{ stop: { graceSeconds: 30 } }]);
  const w = world.worker("w");
  Object.assign(w.running ?? {}, { memoryMib: 150, endsWithin: 25 });
  await pass(10);
  world.suspended += HOUR;
  await pass(10);
  expect(w.processes.map(({ signals, isAlive }) => [signals, isAlive])).toEqual([[["SIGTERM"], true]]);
  await pass(60);
  expect(w.processes.map(({ signals, isAlive }) => [signals, isAlive])).toEqual([
    [["SIGTERM"], false],
    [[], true],
  ]);
  expect([...world.engine.ledger.worker("w").restarts]).toEqual([["memory_limit", 1]]);
  expect(world.violations).toEqual([]);
});

test("a suspend renews nobody who is well, and a cooldown goes on where it was", async () => {
  const world = await worldOf([{ name: "a" }, { name: "b", cooldownSeconds: 600 }]);
  Object.assign(world.worker("b").running ?? {}, { memoryMib: 150 });
  await pass(30);
  const before = [stories(world, "a"), stories(world, "b")];
  world.suspended += 8 * HOUR;
  await pass(60);
  expect([stories(world, "a"), stories(world, "b")]).toEqual(before);
  order(world, "recycle", "b");
  await pass(5);
  expect(world.engine.ledger.openIncidentOf("b")).toMatchObject({ blocked: "cooldown" });
  await pass(600);
  expect(world.worker("b").processes).toHaveLength(3);
  expect(world.violations).toEqual([]);
});

test("a worker whose age limit has passed meanwhile is renewed once, as planned", async () => {
  const world = await worldOf([{ limits: { ageSeconds: 2 * HOUR, ageJitter: 0 } }]);
  await pass(60);
  world.suspended += 3 * HOUR;
  await pass(120);
  expect([...world.engine.ledger.worker("w").restarts]).toEqual([["age", 1]]);
  expect(world.worker("w").copies).toBe(1);
  expect(world.violations).toEqual([]);
});

test("a worker that dies right after a suspend has lived as long as the clock of ages says", async () => {
  const world = await worldOf();
  world.suspended += HOUR;
  await pass(1);
  world.worker("w").end(1);
  await pass(10);
  expect(world.engine.ledger.worker("w").youngDeaths).toBe(0);
  expect(world.worker("w").copies).toBe(1);
});
