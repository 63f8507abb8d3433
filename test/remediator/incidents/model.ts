// What may happen to a machine, drawn at random: alerts, exits, orders, crashes, clocks, disks. Each deed is plain data, so that a failure
// shrinks to a few of them that one can read.
import fc from "fast-check";
import { type OperatorAction, operate, pause, resume } from "../../../remediator/incidents/operator.ts";
import type { Behaviour } from "./behaviour.ts";
import { MIB } from "./builders.ts";
import type { FakeWorker } from "./fake-worker.ts";
import { low } from "./scenario.ts";
import { pass, type World } from "./world.ts";

export const NAMES = ["a", "b", "cmd"] as const;
type Name = (typeof NAMES)[number];

const ALERTS = {
  PitcrewWorkerMemoryOverLimit: "restart",
  PitcrewWorkerMemoryOverRelief: "relieve",
  PitcrewWorkerTooOld: "recycle",
  PitcrewWorkerDown: "start",
  PitcrewSystemMemoryCritical: "restart_largest",
  NoSuchRule: "restart",
} as const;

export type Deed =
  | { do: "pass"; seconds: number }
  | { do: "leak"; worker: Name; memoryMib: number }
  | { do: "end"; worker: Name; code: number }
  | { do: "spawn by hand" }
  | { do: "alert"; alertname: keyof typeof ALERTS; worker: Name; copies: number; status: "firing" | "resolved" }
  | { do: "order"; action: OperatorAction; worker: Name; force: boolean }
  | { do: "pause"; worker: Name | "all"; seconds: number }
  | { do: "resume" }
  | { do: "behave"; worker: Name; next: Partial<Behaviour>; failingStarts: number; hiddenSeconds: number }
  | { do: "available"; mib: number }
  | { do: "set clock"; seconds: number }
  | { do: "disk"; full: boolean }
  /** Pitcrew dies at its next writes or acts, so many of them later. */
  | { do: "crash"; point: number; backAfterSeconds: number };

const anyName = fc.constantFrom(...NAMES);
const anyBehaviour: fc.Arbitrary<Partial<Behaviour>> = fc.record(
  {
    memoryMib: fc.constantFrom(50, 90, 150),
    growthMib: fc.constantFrom(0, 1),
    endsWithin: fc.constantFrom(0.01, 3, undefined),
    endsAfter: fc.constantFrom(undefined, 0.02, 5),
    exitCode: fc.constantFrom(0, 1, 42, 137),
    hasChild: fc.boolean(),
    drainsWithin: fc.constantFrom(undefined, 1, 900),
    relieves: fc.boolean(),
    maxAgeSeconds: fc.constantFrom(undefined, 8),
  },
  { requiredKeys: [] },
);

export const anyDeed: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant("pass" as const), seconds: fc.constantFrom(0.02, 0.1, 1, 4, 15) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("leak" as const),
      worker: anyName,
      memoryMib: fc.constantFrom(70, 150),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("end" as const), worker: anyName, code: fc.constantFrom(0, 1, 42, 137) }),
  },
  { weight: 1, arbitrary: fc.constant({ do: "spawn by hand" as const }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("alert" as const),
      alertname: fc.constantFrom(...(Object.keys(ALERTS) as (keyof typeof ALERTS)[])),
      worker: anyName,
      copies: fc.constantFrom(1, 3),
      status: fc.constantFrom("firing" as const, "resolved" as const),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("order" as const),
      action: fc.constantFrom(
        "start" as const,
        "stop" as const,
        "restart" as const,
        "recycle" as const,
        "clear" as const,
      ),
      worker: anyName,
      force: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("pause" as const),
      worker: fc.constantFrom(...NAMES, "all" as const),
      seconds: fc.constantFrom(5, 60),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: "resume" as const }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("behave" as const),
      worker: anyName,
      next: anyBehaviour,
      failingStarts: fc.constantFrom(0, 0, 1, 3),
      hiddenSeconds: fc.constantFrom(0, 0, 0.2),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("available" as const), mib: fc.constantFrom(300, 600, 4096) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("set clock" as const), seconds: fc.constantFrom(-3600, 3600) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("disk" as const), full: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("crash" as const),
      point: fc.nat({ max: 12 }),
      backAfterSeconds: fc.constantFrom(0, 0.05, 3),
    }),
  },
);

/** What the world must be in the end, as far as people have said. */
export class Model {
  readonly #world: World;
  readonly #stopped = new Set<Name>();
  #crash: { point: number; backAfterSeconds: number } | undefined;

  constructor(world: World) {
    this.#world = world;
    world.onFault = () => {
      if (this.#crash === undefined || this.#crash.point-- > 0) return;
      const { backAfterSeconds } = this.#crash;
      this.#crash = undefined;
      world.crash();
      setTimeout(() => void world.startDaemon(), backAfterSeconds * 1000);
    };
  }

  isStopped(name: Name): boolean {
    return this.#stopped.has(name);
  }

  async perform(deed: Deed): Promise<void> {
    const world = this.#world;
    switch (deed.do) {
      case "pass":
        await pass(deed.seconds);
        return;
      case "leak":
        Object.assign(world.worker(deed.worker).running ?? {}, { memoryMib: deed.memoryMib });
        return;
      case "end":
        world.worker(deed.worker).end(deed.code);
        return;
      case "spawn by hand":
        // A second one beside the first would be nobody's fault but theirs.
        if (isGone(world.worker("cmd")) && !this.isStopped("cmd")) spawnByHand(world.worker("cmd"));
        return;
      case "alert": {
        const { alertname, status, worker } = deed;
        const labels = { alertname, worker, remediation: ALERTS[alertname], reason: "operator" };
        for (let copy = 0; copy < deed.copies; copy += 1) this.#tell(() => world.alert(labels, status));
        return;
      }
      case "order":
        this.#order(deed.worker, deed.action, deed.force);
        return;
      case "pause": {
        const { seconds, worker } = deed;
        const which = worker === "all" ? {} : { worker };
        this.#tell(() => pause(world.engine, { ...which, forSeconds: seconds, reason: "maintenance", by: "ann" }));
        return;
      }
      case "resume":
        this.#tell(() => resume(world.engine, () => true, "ann"));
        return;
      case "behave": {
        const { failingStarts, hiddenSeconds, next } = deed;
        Object.assign(world.worker(deed.worker), { failingStarts, hiddenSeconds, next });
        return;
      }
      case "available":
        world.system = low(deed.mib);
        return;
      case "set clock":
        world.wallStep += deed.seconds;
        return;
      case "disk":
        world.diskFull = deed.full;
        return;
      case "crash":
        this.#crash = { point: deed.point, backAfterSeconds: deed.backAfterSeconds };
        return;
    }
  }

  /** Nobody does anything any more, and every worker behaves. */
  async calmDown(): Promise<void> {
    const world = this.#world;
    this.#crash = undefined;
    world.diskFull = false;
    world.system = low(4096);
    for (const worker of world.workers.values()) worker.tame();
    await pass(5);
    this.#tell(() => resume(world.engine, () => true, "ann"));
    // Quarantine ends by hand.
    for (const worker of NAMES)
      this.#tell(() => operate(world.engine, { action: "clear", worker, by: "ann", force: false }));
    await pass(90);
  }

  #order(worker: Name, action: OperatorAction, force: boolean): void {
    const fake = this.#world.worker(worker);
    // An order without an answer may have been taken or not.
    if (action === "start") {
      fake.isForbidden = false;
      this.#stopped.delete(worker);
    }
    const isTold = this.#tell(() => operate(this.#world.engine, { action, worker, by: "ann", force }));
    if (!isTold || action !== "stop") return;
    fake.isForbidden = true;
    this.#stopped.add(worker);
  }

  /** @returns whether it was answered: the disk was not full, and pitcrew lived to say so. */
  #tell(action: () => void): boolean {
    const before = this.#world.lives;
    if (!this.#world.isAlive) return false;
    try {
      action();
    } catch {
      return false;
    }
    return this.#world.isAlive && this.#world.lives === before;
  }
}

/** What nobody has seen while it lived cannot be followed: it does not vanish at once, leaving a child. */
function spawnByHand(worker: FakeWorker): void {
  const { next } = worker;
  worker.next = {};
  worker.spawn();
  worker.next = next;
}

function isGone(worker: FakeWorker): boolean {
  return worker.processes.every(({ isAlive, isChildAlive }) => !isAlive && !isChildAlive);
}

export function memoryLimits() {
  return { memoryBytes: 100 * MIB, memoryReliefBytes: 60 * MIB };
}
