// Does to the fake machine what was drawn (deeds.ts), and keeps what the principles are held against.
import { type OperatorAction, operate, pause, resume } from "../../../remediator/incidents/operator.ts";
import { MIB } from "./builders.ts";
import { ALERTS, type Deed, NAMES, type Name } from "./deeds.ts";
import type { FakeWorker } from "./fake-worker.ts";
import { low } from "./scenario.ts";
import { pass, type World } from "./world.ts";

/** What the world must be in the end, as far as people have said. */
export class Model {
  readonly #world: World;
  readonly #stopped = new Set<Name>();
  /** Pitcrew died over an order, or refused it: whether it holds, only its disk knows. */
  readonly #doubtful = new Set<Name>();
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
        if (isGone(world.worker("cmd")) && !this.isStopped("cmd") && !this.#doubtful.has("cmd"))
          spawnByHand(world.worker("cmd"));
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
    // Most machines are calm soon; budgets, cooldowns and what people forgot to end take a minute and a half at most.
    for (let seconds = 0; seconds < 90 && !this.#isCalm(); seconds += 5) await pass(5);
    await pass(5);
  }

  #isCalm(): boolean {
    const { engine, isAlive } = this.#world;
    if (!isAlive || engine.ledger.openIncidents().length > 0) return false;
    return NAMES.every(
      (name) => this.#world.worker(name).copies === (engine.ledger.worker(name).desired === "up" ? 1 : 0),
    );
  }

  #order(worker: Name, action: OperatorAction, force: boolean): void {
    const fake = this.#world.worker(worker);
    // An order without an answer may have been taken or not.
    const mayBeStopped = this.isStopped(worker) || this.#doubtful.has(worker);
    if (action === "start") {
      fake.isForbidden = false;
      this.#stopped.delete(worker);
    }
    const isTold = this.#tell(() => operate(this.#world.engine, { action, worker, by: "ann", force }));
    if (action === "start" || action === "stop") {
      if (isTold) this.#doubtful.delete(worker);
      else if (action === "stop" || mayBeStopped) this.#doubtful.add(worker);
    }
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
