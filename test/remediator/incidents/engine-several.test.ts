// Several workers share a machine, its slots and its memory.
import { describe, expect, test } from "vitest";
import { pause, resume } from "../../../remediator/incidents/operator.ts";
import { MIB, ROOMY } from "./builders.ts";
import { low, order, timeIsFake, worldOf } from "./scenario.ts";
import { pass } from "./world.ts";

timeIsFake();

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
    world.system = low(300);
    const before = world.lines.length;
    await pass(250);
    expect(world.worker("w").processes).toHaveLength(1);
    expect(world.lines.length - before).toBeLessThan(5);
    resume(world.engine, () => true, "ann");
    await pass(15);
    expect(world.worker("w").processes[0]?.signals).toEqual(["SIGTERM"]);
  });
});

describe("below a floor of the machine", () => {
  const roomy = { memoryBytes: 900 * MIB };

  test("a worker in its cooldown is spared; below the critical floor it is not", async () => {
    const world = await worldOf([{ cooldownSeconds: 300, limits: roomy }]);
    const w = world.worker("w");
    Object.assign(w.running ?? {}, { memoryMib: 950 });
    await pass(15);
    expect(w.processes).toHaveLength(2);
    world.system = low(600);
    await pass(100);
    expect(w.processes[1]?.signals).toEqual([]);
    world.system = low(300);
    await pass(10);
    expect(w.processes[1]?.signals).toEqual(["SIGTERM"]);
  });

  test("the next largest is ended when the largest has survived its end", async () => {
    const world = await worldOf(["a", "b"].map((name) => ({ name, limits: roomy })));
    Object.assign(world.worker("a").running ?? {}, { memoryMib: 500, immortal: true });
    Object.assign(world.worker("b").running ?? {}, { memoryMib: 150 });
    world.system = low(300);
    await pass(60);
    expect(world.worker("a").processes[0]?.signals).toEqual(["SIGTERM"]);
    expect(world.worker("b").processes.length).toBeGreaterThan(1);
  });

  test("a dry run of it ends nobody, and says whom it would end, once", async () => {
    const world = await worldOf([{ limits: roomy }], { remediator: { dryRun: ["restart_largest"] } });
    world.system = low(370);
    const before = world.lines.length;
    await pass(300);
    expect(world.lines.length - before).toBeLessThan(8);
    expect(world.worker("w").processes).toHaveLength(1);
  });

  test("a dry run of other remediations holds nobody back", async () => {
    const world = await worldOf([{ limits: roomy }], { remediator: { dryRun: ["restart"] } });
    world.system = low(370);
    await pass(5);
    expect(world.worker("w").processes[0]?.signals).toEqual(["SIGTERM"]);
  });

  test("whose memory belongs to none of the workers, none is ended for it; nobody is asked twice", async () => {
    const world = await worldOf([{ name: "a" }, { name: "b" }]);
    // 100 MiB are theirs, 300 are missing to the floor of 800; the critical floor of 400 is kept.
    world.system = low(500);
    await pass(300);
    for (const name of ["a", "b"]) expect(world.worker(name).processes).toHaveLength(1);
    const [incident] = world.engine.ledger.openIncidents();
    expect(incident).toMatchObject({ target: { kind: "host" }, helpless: true });
    expect(incident?.story.filter(({ text }) => text.includes("belongs to none of the workers"))).toHaveLength(1);
  });
});

describe("a stop command that hangs", () => {
  test("keeps no other worker from what it needs", async () => {
    const world = await worldOf([{ name: "a" }, { name: "b" }]);
    world.worker("a").terminateTakesSeconds = 25;
    Object.assign(world.worker("a").running ?? {}, { memoryMib: 150, endsWithin: undefined });
    await pass(3);
    order(world, "stop", "b");
    world.config = { ...world.config, remediator: { ...world.config.remediator, maxConcurrent: 2 } };
    await pass(15);
    expect(world.worker("a").copies).toBe(1);
    expect(world.worker("b").copies).toBe(0);
  });
});
