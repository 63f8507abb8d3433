// The end of what is being stopped is noticed when it happens, also where nobody tells of it.
import { expect, test } from "vitest";
import { command, MIB } from "./builders.ts";
import { low, OVER_LIMIT, quiet, timeIsFake, worldOf } from "./scenario.ts";
import { pass, type World } from "./world.ts";

timeIsFake();

/** Seconds until there is another process than this one. */
async function untilReplaced(world: World, atMost: number): Promise<number> {
  const { mono } = world.clock();
  const w = world.worker("w");
  const known = w.processes.length;
  await pass(atMost);
  return (w.processes[known]?.bornMono ?? Number.NaN) - mono;
}

test("a worker that no shim watches is started again in the moment in which it has ended", async () => {
  const world = await worldOf([{ manager: command(true), limits: { memoryBytes: 100 * MIB } }], quiet());
  Object.assign(world.worker("w").running ?? {}, { memoryMib: 150, endsWithin: 3 });
  world.alert({ ...OVER_LIMIT, worker: "w" });
  expect(await untilReplaced(world, 20)).toBeLessThan(3.2);
  expect(world.violations).toEqual([]);
});

test("what outlives a worker for a while keeps the next one waiting no longer than it lives", async () => {
  const world = await worldOf([{ stop: { graceSeconds: 10 } }], quiet());
  const w = world.worker("w");
  w.next = { hasChild: true, childLingers: 2, endsWithin: 1 };
  w.end(1);
  await pass(30);
  w.next = {};
  Object.assign(w.running ?? {}, { memoryMib: 150 });
  world.alert({ ...OVER_LIMIT, worker: "w" });
  expect(await untilReplaced(world, 20)).toBeLessThan(3.2);
  expect(world.violations).toEqual([]);
});

test("a worker that no shim watches and that is asked to drain is started again when it has", async () => {
  const world = await worldOf([{ manager: command(true), limits: { ageSeconds: 20 } }]);
  const w = world.worker("w");
  Object.assign(w.running ?? {}, { drainsWithin: 3 });
  while (w.requests.length === 0) await pass(0.1);
  expect(await untilReplaced(world, 20)).toBeLessThan(3.2);
  expect(w.requests).toEqual(["drain"]);
});

test("so it is when another alert has joined the drain, and is not true", async () => {
  const world = await worldOf([{ manager: command(true), limits: { ageSeconds: 14 } }], quiet());
  const w = world.worker("w");
  Object.assign(w.running ?? {}, { drainsWithin: 33 });
  world.alert({ alertname: "PitcrewWorkerTooOld", remediation: "recycle", reason: "age", worker: "w" });
  await pass(5);
  expect(w.requests).toEqual(["drain"]);
  world.alert({ ...OVER_LIMIT, worker: "w" });
  await pass(25);
  expect(await untilReplaced(world, 20)).toBeLessThan(3.2);
  expect(w.processes[0]?.signals).toEqual([]);
});

test("an emergency that joins a drain goes on in the moment in which the slot is free", async () => {
  const slow = { limits: { memoryBytes: 100 * MIB, ageSeconds: 20 }, stop: { graceSeconds: 60 } };
  const world = await worldOf(
    [
      { name: "w", ...slow },
      { name: "other", ...slow, limits: {} },
    ],
    quiet(),
  );
  const [w, other] = [world.worker("w"), world.worker("other")];
  Object.assign(w.running ?? {}, { drainsWithin: 900 });
  await pass(6);
  world.alert({ alertname: "PitcrewWorkerTooOld", remediation: "recycle", reason: "age", worker: "w" });
  await pass(1);
  expect(w.requests).toEqual(["drain"]);
  Object.assign(other.running ?? {}, { memoryMib: 150, endsWithin: 5 });
  world.alert({ ...OVER_LIMIT, worker: "other" });
  await pass(1);
  expect(other.processes[0]?.signals).toEqual(["SIGTERM"]);
  Object.assign(w.running ?? {}, { memoryMib: 150 });
  world.alert({ ...OVER_LIMIT, worker: "w" });
  await pass(3);
  expect(w.processes[0]?.signals).toEqual([]);
  expect(world.engine.ledger.openIncidentOf("w")).toMatchObject({ blocked: "slot_busy" });
  await pass(1.5);
  expect(other.processes).toHaveLength(2);
  expect(w.processes[0]?.signals).toEqual(["SIGTERM"]);
});

test("a grace that is running is cut below the critical floor, whoever is waited for", async () => {
  const world = await worldOf([{ stop: { graceSeconds: 300 } }]);
  const w = world.worker("w");
  Object.assign(w.running ?? {}, { memoryMib: 150, endsWithin: undefined });
  await pass(4);
  expect(w.processes[0]?.signals).toEqual(["SIGTERM"]);
  world.system = low(300);
  await pass(8);
  expect(w.processes[0]?.signals).toEqual(["SIGTERM", "SIGKILL"]);
});

test("it is cut by an incident of the machine alone, too, where there is no guard", async () => {
  const world = await worldOf([{ stop: { graceSeconds: 300 } }], quiet());
  const w = world.worker("w");
  Object.assign(w.running ?? {}, { memoryMib: 150, endsWithin: undefined });
  world.alert({ ...OVER_LIMIT, worker: "w" });
  await pass(4);
  world.system = low(300);
  world.alert({ alertname: "PitcrewSystemMemoryCritical", remediation: "restart_largest", reason: "system_memory" });
  await pass(3);
  expect(w.processes[0]?.signals).toEqual(["SIGTERM", "SIGKILL"]);
});
