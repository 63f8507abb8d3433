// Cases that take hours, ten workers or a clock that jumps, on the machine of literals (test/remediator/incidents/world.ts): the engine, the
// guard, the rules and the journal's records are the real ones.
import { describe, expect, test } from "vitest";
import { supervised } from "../remediator/incidents/builders.ts";
import { low, order, stories, timeIsFake, worldOf } from "../remediator/incidents/scenario.ts";
import { pass } from "../remediator/incidents/world.ts";

timeIsFake();

const HOUR = 3600;
const TEN = Array.from({ length: 10 }, (_, index) => `w-${index + 1}`);

function overLimit(world: Awaited<ReturnType<typeof worldOf>>, name: string): void {
  Object.assign(world.worker(name).running ?? {}, { memoryMib: 150 });
}

describe("case 18: a worker that dies at once", () => {
  test("case 18: is tried once every half hour while it is quarantined, and trusted again when a try succeeds", async () => {
    const world = await worldOf();
    const w = world.worker("w");
    w.next = { endsAfter: 0.5, exitCode: 1 };
    w.end(1);
    await pass(120);
    expect(world.engine.ledger.worker("w").quarantine).toMatchObject({ holds: "stopped" });
    const before = w.processes.length;
    await pass(1800);
    expect(w.processes).toHaveLength(before + 1);
    await pass(1800);
    expect(w.processes).toHaveLength(before + 2);
    w.next = {};
    await pass(1900);
    expect(w.copies).toBe(1);
    expect(world.engine.ledger.worker("w").quarantine).toBeUndefined();
    expect(world.violations).toEqual([]);
  });
});

test("case 19: a storm of exits with 42 is slowed down, then held stopped", async () => {
  const names = ["s-1", "s-2", "s-3", "s-4"];
  const world = await worldOf([
    ...names.map((name) => ({ name, group: "s", manager: supervised("never") })),
    { name: "calm", group: "calm" },
  ]);
  for (const name of names) {
    world.worker(name).next = { endsAfter: 0.5, exitCode: 42 };
    world.worker(name).end(42);
  }
  await pass(HOUR / 2);
  for (const name of names) {
    // 42 asks for a start whatever the restart policy says, but not for ever: six young deaths, and one try per half hour.
    expect(world.worker(name).processes.length).toBeGreaterThan(4);
    expect(world.worker(name).processes.length).toBeLessThan(10);
    expect(world.worker(name).copies).toBe(0);
    expect(world.engine.ledger.worker(name).quarantine).toMatchObject({ holds: "stopped" });
  }
  expect(world.worker("calm").processes).toHaveLength(1);
  expect(world.violations).toEqual([]);
});

test("case 20: ending a worker that does not help, because another process holds the memory, is not repeated on others", async () => {
  const world = await worldOf(["a", "b", "c"].map((name) => ({ name })));
  // 250 MiB are missing to the critical floor, and stay missing; the three hold 150.
  world.system = low(150);
  await pass(HOUR);
  const ended = ["a", "b", "c"].filter((name) => world.worker(name).processes.length > 1);
  expect(ended).toHaveLength(1);
  const open = world.engine.ledger.openIncidents().find(({ target }) => target.kind === "host");
  expect(open).toMatchObject({ helpless: true, victims: [expect.any(String)] });
  expect(open?.story.at(-1)?.text).toContain("the memory belongs to none of the workers");
});

describe("case 23: a wall clock that jumps", () => {
  test.each([HOUR, -HOUR])("case 23: by %i s changes no cooldown, no deadline and no budget", async (step) => {
    async function renewals(jumps: boolean): Promise<number[]> {
      const world = await worldOf();
      const w = world.worker("w");
      w.next = { memoryMib: 50, growthMib: 1 };
      overLimit(world, "w");
      const begun = world.clock().mono;
      for (let minute = 0; minute < 60; minute += 1) {
        if (jumps && minute % 20 === 1) world.wallStep += step;
        // Whoever begins while the clock is wrong must know the same.
        if (minute === 30) {
          world.crash();
          await world.startDaemon();
        }
        await pass(60);
      }
      expect(world.violations).toEqual([]);
      return w.processes.map(({ bornMono }) => Math.round(bornMono - begun));
    }
    expect(await renewals(true)).toEqual(await renewals(false));
  });
});

describe("case 24: ten workers", () => {
  test("case 24: over their limit at once are ended one at a time", async () => {
    const world = await worldOf(
      TEN.map((name) => ({ name, group: "w" })),
      {
        remediator: { budget: { starts: 99, windowSeconds: 60 } },
      },
    );
    let most = 0;
    for (const name of TEN) overLimit(world, name);
    for (let moment = 0; moment < 400; moment += 1) {
      await pass(0.1);
      const ending = world.engine.ledger
        .openIncidents()
        .filter(({ state }) => state === "terminating" || state === "killing");
      most = Math.max(most, ending.length);
    }
    expect(most).toBe(1);
    for (const name of TEN) expect(world.worker(name).processes).toHaveLength(2);
    expect(world.violations).toEqual([]);
  });

  test("case 24: that are too old leave as many of their group up as min_healthy says, all the time", async () => {
    const world = await worldOf(
      TEN.map((name) => ({ name, group: "w", cooldownSeconds: 0 })),
      {
        remediator: { minHealthy: new Map([["w", 8]]), maxConcurrent: 10 },
      },
    );
    let fewest = 10;
    for (const name of TEN) Object.assign(world.worker(name).running ?? {}, { maxAgeSeconds: 1, endsWithin: 2 });
    for (let moment = 0; moment < 600; moment += 1) {
      await pass(0.2);
      fewest = Math.min(fewest, TEN.filter((name) => world.worker(name).copies === 1).length);
    }
    expect(fewest).toBeGreaterThanOrEqual(8);
    for (const name of TEN) expect(world.worker(name).processes).toHaveLength(2);
  });

  test("case 24: a spent budget still ends a worker below the critical floor, and only rations its start", async () => {
    const world = await worldOf([{ budget: { starts: 1, windowSeconds: 600 }, cooldownSeconds: 1 }]);
    const w = world.worker("w");
    overLimit(world, "w");
    await pass(60);
    expect(w.processes).toHaveLength(2);
    world.systemAt = () => low(w.copies === 0 ? 4096 : 300);
    await pass(30);
    expect(w.processes[1]?.signals).toEqual(["SIGTERM"]);
    expect(w.copies).toBe(0);
    expect(world.engine.ledger.openIncidentOf("w")).toMatchObject({ state: "holding", blocked: "budget" });
    world.systemAt = () => low(4096);
    await pass(600);
    expect(w.copies).toBe(1);
  });

  test("case 24: an operator's stop, and the good end of a finished worker, are respected", async () => {
    const world = await worldOf([{ name: "stopped" }, { name: "finished" }]);
    order(world, "stop", "stopped");
    world.worker("finished").end(0);
    await pass(60);
    for (const name of ["stopped", "finished"]) {
      world.alert({ alertname: "PitcrewWorkerDown", worker: name, remediation: "start", reason: "down" });
      await pass(60);
      expect(world.worker(name).copies).toBe(0);
      expect(world.worker(name).processes).toHaveLength(1);
      expect(stories(world, name).at(-1)).toBe("start cancelled operator_stopped");
    }
  });
});
