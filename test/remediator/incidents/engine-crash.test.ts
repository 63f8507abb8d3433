// Pitcrew dies at every write and every act of a scenario, before and after; the next one puts everything right.
import { describe, expect, test } from "vitest";
import { incarnationKey } from "../../../worker/incarnation.ts";
import type { Behaviour } from "./behaviour.ts";
import { MIB, spec } from "./builders.ts";
import { order, timeIsFake } from "./scenario.ts";
import { pass, World } from "./world.ts";

timeIsFake();

interface Scenario {
  title: string;
  behaviour?: Partial<Behaviour>;
  /** Begins when the worker runs and is verified; pitcrew may die at any moment of it. */
  drive: (world: World) => Promise<void> | void;
}
const SCENARIOS: readonly Scenario[] = [
  { title: "a restart for memory", drive: leak },
  {
    title: "a restart of a worker that ignores SIGTERM",
    behaviour: { endsWithin: undefined, hasChild: true },
    async drive(world) {
      leak(world);
      await pass(3);
    },
  },
  { title: "a planned renewal that drains", behaviour: { maxAgeSeconds: 10, drainsWithin: 2 }, drive: () => pass(8) },
  { title: "a drain that runs out of time", behaviour: { maxAgeSeconds: 10, drainsWithin: 900 }, drive: () => pass(8) },
  { title: "a crash of the worker", drive: (world) => world.worker("w").end(1) },
  {
    title: "a crash that leaves a child behind",
    behaviour: { hasChild: true },
    drive: (world) => world.worker("w").end(1),
  },
  { title: "an end of the worker's own wish", drive: (world) => world.worker("w").end(42) },
  {
    title: "starts that fail",
    drive(world) {
      world.worker("w").failingStarts = 2;
      world.worker("w").end(1);
    },
  },
  { title: "an operator's stop", drive: (world) => void order(world, "stop") },
  {
    title: "an operator's stop of a worker that is being started",
    async drive(world) {
      world.worker("w").end(1);
      await pass(0.06);
      order(world, "stop");
    },
  },
  {
    title: "an operator's stop and start",
    async drive(world) {
      order(world, "stop");
      await pass(3);
      order(world, "start");
    },
  },
  {
    title: "an operator's stop of a worker that is being started anew",
    async drive(world) {
      order(world, "restart");
      const isStarting = () => world.engine.ledger.openIncidentOf("w")?.state === "starting";
      for (let moment = 0; moment < 100 && world.isAlive && !isStarting(); moment += 1) await pass(0.01);
      order(world, "stop");
    },
  },
  { title: "an operator's restart", drive: (world) => void order(world, "restart") },
  {
    title: "a machine without memory",
    drive(world) {
      world.systemAt = () => shortOf(world);
    },
  },
];

function leak(world: World): void {
  Object.assign(world.worker("w").running ?? {}, { memoryMib: 150 });
}

/** Ending the worker helps. */
function shortOf(world: World) {
  const freed = world.worker("w").processes.length > 1 ? 4096 : 300;
  return { ...world.system, memoryAvailableBytes: freed * MIB };
}

async function settled({ behaviour = {} }: Scenario, hiddenSeconds: number): Promise<World> {
  const guard = { when: "always", heartbeatTimeoutSeconds: 180, intervalSeconds: 3, rules: [] } as const;
  const world = new World({
    specs: [spec({ cooldownSeconds: 2, stop: { drainSeconds: 3, graceSeconds: 3 } })],
    remediator: { guard, verifySeconds: 4 },
  });
  const w = world.worker("w");
  w.next = behaviour;
  await world.startDaemon();
  await pass(6);
  w.next = {};
  w.hiddenSeconds = hiddenSeconds;
  return world;
}

/** @returns where pitcrew died; undefined if the scenario was over before */
async function dieAt(point: number, scenario: Scenario, hiddenSeconds: number) {
  const world = await settled(scenario, hiddenSeconds);
  let passed = 0;
  let place: string | undefined;
  let recorded = new Set<string>();
  world.onFault = (what, when) => {
    if (passed++ !== point) return;
    place = `${when} ${what} (${point})`;
    recorded = signalsOnRecord(world);
    world.crash();
  };
  await scenario.drive(world);
  await pass(5);
  if (place === undefined) return undefined;
  world.onFault = () => {};
  await world.startDaemon();
  await pass(20);
  return { world, place, recorded };
}

describe.each(SCENARIOS)("$title", (scenario) => {
  test.each([
    ["", 0],
    [", a birth being known a moment later", 0.5],
  ])("ends well wherever pitcrew dies%s", async (_title, hiddenSeconds) => {
    let points = 0;
    for (; ; points += 1) {
      const died = await dieAt(points, scenario, hiddenSeconds);
      if (died === undefined) break;
      const { world, place, recorded } = died;
      const { desired } = world.engine.ledger.worker("w");
      expect({ place, ...whatWentWrong(world, recorded), copies: world.worker("w").copies }).toEqual({
        place,
        violations: [],
        unfinished: [],
        forgotten: [],
        unasked: [],
        uncounted: 0,
        signalledAgain: [],
        actedOnTwice: [],
        countedTwice: [],
        copies: desired === "up" ? 1 : 0,
      });
    }
    expect(points).toBeGreaterThan(5);
  });
});

function whatWentWrong(world: World, recorded: ReadonlySet<string>) {
  const { ledger } = world.engine;
  return {
    violations: world.violations,
    unfinished: ledger.openIncidents().flatMap(({ state }) => (state === "verifying" ? [] : [state])),
    // What was told to end has ended.
    forgotten: world
      .worker("w")
      .processes.flatMap(({ incarnation, isAlive, signals }) =>
        isAlive && signals.length > 0 ? [incarnation.pid] : [],
      ),
    // Nobody is killed who was not told to end.
    unasked: world
      .worker("w")
      .processes.flatMap(({ incarnation, signals }) => (signals[0] === "SIGKILL" ? [incarnation.pid] : [])),
    uncounted:
      [...ledger.worker("w").restarts.values()].reduce((sum, count) => sum + count, 0) - ledger.renewals.length,
    // Once more only if no record shows that it was sent.
    signalledAgain: world.worker("w").processes.flatMap(({ incarnation, signals }) => {
      const sent = signals.filter((signal) => signal === "SIGTERM").length;
      return sent > (recorded.has(incarnationKey(incarnation)) ? 1 : 2) ? [incarnation.pid] : [];
    }),
    actedOnTwice: sharedKeys(actsOnRecord(world)),
    countedTwice: sharedKeys(ledger.renewals.map(({ incident }, index) => [incident, String(index)])),
  };
}

/** The processes of which the journal says that they were sent the gentle signal. */
function signalsOnRecord(world: World): Set<string> {
  return new Set(
    world.records.flatMap(({ entry }) =>
      entry.type === "incident" && entry.incident.signalled === true && entry.incident.incarnation !== undefined
        ? [incarnationKey(entry.incident.incarnation)]
        : [],
    ),
  );
}

/** Which incident ended which process, an operator's stop aside. */
function actsOnRecord(world: World): (readonly [process: string, incident: string])[] {
  return world.records.flatMap(({ entry }) => {
    if (entry.type !== "incident" || entry.incident.incarnation === undefined) return [];
    const { id, incarnation, ladder, state } = entry.incident;
    const isAct = (state === "terminating" || state === "killing") && ladder !== "stop";
    return isAct ? [[incarnationKey(incarnation), id] as const] : [];
  });
}

/** Keys that stand with more than one value. */
function sharedKeys(pairs: readonly (readonly [key: string, value: string])[]): string[] {
  const values = new Map<string, Set<string>>();
  for (const [key, value] of pairs) values.set(key, (values.get(key) ?? new Set()).add(value));
  return [...values].flatMap(([key, { size }]) => (size > 1 ? [key] : []));
}
