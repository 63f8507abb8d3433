// One worker of the fake machine: its processes, how they behave, and the manager that stops and starts them.
import type { Manager } from "../../../remediator/managers/manager.ts";
import type { ExitRecord } from "../../../worker/files/exit-record.ts";
import type { Incarnation } from "../../../worker/incarnation.ts";
import { incarnationKey, sameIncarnation } from "../../../worker/incarnation.ts";
import type { WorkerReading } from "../../../worker/reading.ts";
import type { WorkerSpec } from "../../../worker/spec.ts";
import { type Behaviour, TAME } from "./behaviour.ts";
import { BOOT, brake, MIB } from "./builders.ts";
import type { Life, Surroundings } from "./surroundings.ts";

interface Process extends Behaviour {
  incarnation: Incarnation;
  child: Incarnation | undefined;
  isAlive: boolean;
  isChildAlive: boolean;
  bornMono: number;
  bornUptime: number;
  knownMono: number;
  signals: string[];
}

/** A shim needs a moment to write down how its worker ended, and a start to be known. */
const EXIT_RECORDED_SECONDS = 0.03;
const START_SECONDS = 0.05;

export class FakeWorker {
  readonly spec: WorkerSpec;
  readonly processes: Process[] = [];
  /** Of the processes to come. */
  next: Partial<Behaviour> = {};
  /** So many starts fail. */
  failingStarts = 0;
  /** So many times nobody can be told to end it: systemd's bus hangs. */
  failingStops = 0;
  readonly requests: string[] = [];
  /** Between a birth and its pid record: until then only the lock knows of the process. */
  hiddenSeconds = 0;
  /** Pitcrew must not start it. */
  isForbidden = false;
  /** As a stop command that hangs. */
  terminateTakesSeconds = 0;
  /** The next looks at it fail. */
  failingLooks = 0;
  readonly #world: Surroundings;
  readonly #exits = new Map<string, { record: ExitRecord; knownMono: number }>();

  constructor(spec: WorkerSpec, world: Surroundings) {
    this.spec = spec;
    this.#world = world;
  }

  /** As its records show it. */
  get running(): Process | undefined {
    const { mono } = this.#world.clock();
    return this.processes.findLast((process) => process.isAlive && mono >= process.knownMono);
  }

  get copies(): number {
    return this.processes.filter((process) => process.isAlive).length;
  }

  /** Started by pitcrew or by somebody else. */
  spawn(): Incarnation {
    const { mono } = this.#world.clock();
    const pid = 1000 * (1 + [...this.#world.workers.keys()].indexOf(this.spec.name)) + 2 * this.processes.length;
    const bornUptime = this.#world.uptimeSeconds();
    const startTicks = Math.round(bornUptime * 100);
    const incarnation = { bootId: BOOT, pid, startTicks };
    const behaviour = { ...TAME, ...this.next };
    if (this.copies > 0) this.#world.violations.push(`a second copy of ${this.spec.name}`);
    if (this.processes.some(({ isChildAlive }) => isChildAlive))
      this.#world.violations.push(`a copy of ${this.spec.name} beside what is left of the one before`);
    const child = behaviour.hasChild ? { bootId: BOOT, pid: pid + 1, startTicks } : undefined;
    const process: Process = {
      ...behaviour,
      incarnation,
      child,
      isAlive: true,
      isChildAlive: child !== undefined,
      bornMono: mono,
      bornUptime,
      knownMono: mono + this.hiddenSeconds,
      signals: [],
    };
    this.processes.push(process);
    if (process.endsAfter !== undefined) this.#endLater(process, process.endsAfter, process.exitCode);
    return incarnation;
  }

  /** Ends the process that runs, as its own doing or somebody else's. */
  end(code: number): void {
    if (this.running !== undefined) this.#end(this.running, code);
  }

  tame(): void {
    this.next = {};
    this.failingStarts = 0;
    for (const process of this.processes) Object.assign(process, { ...TAME, hasChild: process.hasChild });
  }

  requested(kind: string): void {
    this.requests.push(kind);
    const { running } = this;
    if (running === undefined) return;
    if (kind === "drain" && running.drainsWithin !== undefined) this.#endLater(running, running.drainsWithin, 42);
    if (kind === "relief" && running.relieves) Object.assign(running, { memoryMib: 10, growthMib: 0 });
  }

  /** A look for this worker alone, as the engine takes it. */
  look(): WorkerReading {
    if (this.failingLooks > 0) {
      this.failingLooks -= 1;
      throw new Error("EMFILE");
    }
    return this.read();
  }

  read(): WorkerReading {
    const { running, spec } = this;
    const { wall } = this.#world.clock();
    const isDesiredUp = spec.manager.kind !== "observe" && this.#world.desired.get(spec.name) !== "down";
    const unknown = { brake: undefined, brakeStreak: undefined, tree: undefined };
    if (running === undefined) return { spec, presence: { kind: "down" }, desiredUp: isDesiredUp, ...unknown };
    const { incarnation, child, isChildAlive, drainsWithin, relieves, bornUptime } = running;
    const ageSeconds = this.#world.uptimeSeconds() - bornUptime;
    const memoryBytes = (running.memoryMib + running.growthMib * ageSeconds) * MIB;
    const handles = [
      ...(relieves ? (["relief"] as const) : []),
      ...(drainsWithin === undefined ? [] : (["drain"] as const)),
    ];
    return {
      spec,
      presence: { kind: "up", incarnation },
      desiredUp: isDesiredUp,
      brake: brake({ worker: spec.name, incarnation, handles }),
      brakeStreak: 0,
      tree: {
        members: child !== undefined && isChildAlive ? [incarnation, child] : [incarnation],
        startTimeSeconds: wall - ageSeconds,
        ageSeconds,
        maxAgeSeconds: running.maxAgeSeconds ?? spec.limits.ageSeconds,
        residentMemoryBytes: memoryBytes,
        memoryBytes,
        residentMemoryPeakBytes: memoryBytes,
      },
    };
  }

  manager(life: Life): Manager {
    return {
      start: async () => {
        if (this.copies > 0 && this.running === undefined)
          return { kind: "already_running", detail: `${this.spec.name}: its lock is held` };
        const started = life.act("start", () => (this.failingStarts > 0 ? undefined : this.#start()));
        await life.orNever(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, START_SECONDS * 1000));
        await life.orNever(() => undefined);
        if (started !== undefined) return { kind: "started", incarnation: started };
        this.failingStarts -= 1;
        return { kind: "failed", code: "ENOENT", message: `${this.spec.name}: there is no /nowhere/worker` };
      },
      findStart: () => undefined,
      terminate: async (_spec, target) => {
        const result = life.act("SIGTERM", () => this.#terminate(target));
        if (this.terminateTakesSeconds > 0)
          await new Promise((resolve) => setTimeout(resolve, this.terminateTakesSeconds * 1000));
        return life.orNever(() => result ?? { kind: "gone" });
      },
      kill: async (_spec, target, members) => {
        life.act("SIGKILL", () => this.#kill(target, members));
        return life.orNever(() => ({ kind: "sent" }));
      },
      remains: (_spec, target, members) => this.#living([...(target === undefined ? [] : [target]), ...members]),
      exitOf: (spec, target) => {
        if (spec.manager.kind !== "supervised") return undefined;
        const exit = this.#exits.get(incarnationKey(target));
        return exit !== undefined && this.#world.clock().mono >= exit.knownMono ? exit.record : undefined;
      },
    };
  }

  #start(): Incarnation {
    if (this.isForbidden) this.#world.violations.push(`${this.spec.name} was started although an operator stopped it`);
    return this.spawn();
  }

  #terminate(target: Incarnation) {
    if (this.failingStops > 0) {
      this.failingStops -= 1;
      return { kind: "failed", message: "systemctl did not answer within 5 s" } as const;
    }
    const process = this.#processOf(target);
    if (process === undefined || !process.isAlive) return { kind: "gone" } as const;
    process.signals.push("SIGTERM");
    if (process.endsWithin !== undefined) this.#endLater(process, process.endsWithin, 143);
    return { kind: "sent" } as const;
  }

  #kill(target: Incarnation, members: readonly Incarnation[]): void {
    for (const process of this.processes) {
      if (process.immortal) continue;
      const meant = [target, ...members];
      if (meant.some((one) => sameIncarnation(one, process.child))) process.isChildAlive = false;
      if (!meant.some((one) => sameIncarnation(one, process.incarnation))) continue;
      if (process.isAlive) process.signals.push("SIGKILL");
      this.#end(process, 137);
      process.isChildAlive = false;
    }
  }

  /** The trees of these: what of their children still lives, too. */
  #living(wanted: readonly Incarnation[]): Incarnation[] {
    return this.processes.flatMap(({ incarnation, child, isAlive, isChildAlive }) => {
      const isMeant = wanted.some((one) => sameIncarnation(one, incarnation) || sameIncarnation(one, child));
      if (!isMeant) return [];
      return [...(isAlive ? [incarnation] : []), ...(child !== undefined && isChildAlive ? [child] : [])];
    });
  }

  /** It, or a child of it. */
  isAlive(wanted: Incarnation): boolean {
    return this.#living([wanted]).some((one) => sameIncarnation(one, wanted));
  }

  #processOf(incarnation: Incarnation): Process | undefined {
    return this.processes.find((process) => sameIncarnation(process.incarnation, incarnation));
  }

  #endLater(process: Process, seconds: number, code: number): void {
    setTimeout(() => this.#end(process, code), seconds * 1000);
  }

  #end(process: Process, code: number): void {
    if (!process.isAlive || process.immortal) return;
    const { incarnation } = process;
    const { mono, wall } = this.#world.clock();
    process.isAlive = false;
    const record: ExitRecord = { version: 1, worker: this.spec.name, incarnation, code, atSeconds: wall };
    this.#exits.set(incarnationKey(incarnation), { record, knownMono: mono + EXIT_RECORDED_SECONDS });
    if (process.childLingers !== undefined)
      setTimeout(() => {
        process.isChildAlive = false;
      }, process.childLingers * 1000);
    // As the watch on the run directory does; of what others have started nothing is written there.
    if (this.spec.manager.kind !== "supervised") return;
    setTimeout(() => this.#world.engine.lookAtWorker(this.spec.name), EXIT_RECORDED_SECONDS * 1000);
  }
}
