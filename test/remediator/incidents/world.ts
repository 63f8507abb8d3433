// A machine of literals for the engine: processes, their memory, exits, a disk, time that a test moves, and crashes of pitcrew.
// Everything else is real: engine, journal records, intake, guard, rules. What must never happen is noted in `violations`.
import { join } from "node:path";
import { vi } from "vitest";
import type { Config, RemediatorConfig } from "../../../config/config.ts";
import { packageRoot } from "../../../config/package-root.ts";
import { conditionOf } from "../../../remediator/conditions.ts";
import { loadRules } from "../../../remediator/guard/rules.ts";
import type { Stamp } from "../../../remediator/incidents/clock.ts";
import { Engine } from "../../../remediator/incidents/engine.ts";
import { DEFAULT_POLICY } from "../../../remediator/incidents/facts.ts";
import { type Journal, JournalError } from "../../../remediator/incidents/journal.ts";
import { decodeRecord, encodeRecord } from "../../../remediator/incidents/journal-codec.ts";
import type { Entry, JournalRecord } from "../../../remediator/incidents/journal-entry.ts";
import { Ledger } from "../../../remediator/incidents/ledger.ts";
import { Intake } from "../../../remediator/intake/intake.ts";
import { Watch } from "../../../remediator/watch.ts";
import type { SystemReading } from "../../../worker/reading.ts";
import { actionableSamples } from "../../../worker/samples.ts";
import type { WorkerSpec } from "../../../worker/spec.ts";
import { BOOT, config, NOW, ROOMY } from "./builders.ts";
import { FakeWorker } from "./fake-worker.ts";
import type { Life } from "./surroundings.ts";

const BEGIN_MS = NOW.wall * 1000;
const RULES = loadRules([join(packageRoot(), "alerts", "workers.rules.yml")]);
const MOST_LOOKS = 50_000;
const LOG = { info() {}, warn() {}, error() {}, debug() {}, child: () => LOG };

export interface WorldOptions {
  specs: readonly WorkerSpec[];
  remediator?: Partial<RemediatorConfig>;
  /** Default: lines in memory. */
  journal?: Pick<Journal, "append">;
}

/** Called at each write and act of pitcrew, `before` and `after` it takes effect. */
export type FaultPoint = (what: string, when: "before" | "after") => void;

export class World {
  readonly workers: ReadonlyMap<string, FakeWorker>;
  readonly violations: string[] = [];
  readonly desired = new Map<string, "up" | "down">();
  /** The journal as it is on the disk. */
  lines: string[] = [];
  system: SystemReading = ROOMY;
  /** What the machine's memory is when it is read. */
  systemAt: () => SystemReading = () => this.system;
  diskFull = false;
  /** The kernel's count. */
  oomKills = 0;
  /** Seconds that the wall clock was set forward. */
  wallStep = 0;
  /** Seconds that the machine was suspended: the wall clock and CLOCK_BOOTTIME go on meanwhile, CLOCK_MONOTONIC does not. */
  suspended = 0;
  config: Config;
  engine!: Engine;
  intake!: Intake;
  onFault: FaultPoint = () => {};
  readonly #journal: Pick<Journal, "append"> | undefined;
  #watch: Watch | undefined;
  #looks = { at: 0, looks: 0 };
  #daemon = 0;
  #isAlive = false;

  /** Call inside of a test that has called `useFakeTime`. */
  constructor({ specs, remediator = {}, journal }: WorldOptions) {
    this.#journal = journal;
    const guard = { when: "always", heartbeatTimeoutSeconds: 180, intervalSeconds: 2, rules: [] } as const;
    this.config = config({
      workers: specs,
      remediator: { startupGraceSeconds: 0, verifySeconds: 10, guard, ...remediator },
    });
    this.workers = new Map(specs.map((spec) => [spec.name, new FakeWorker(spec, this)]));
  }

  clock(): Stamp {
    this.#noticeSpinning();
    const seconds = (Date.now() - BEGIN_MS) / 1000;
    return { mono: NOW.mono + seconds, wall: NOW.wall + seconds + this.wallStep + this.suspended };
  }

  uptimeSeconds(): number {
    return this.clock().mono + this.suspended;
  }

  /** Nothing takes so many looks at the clock while no time passes. */
  #noticeSpinning(): void {
    const { at, looks } = this.#looks;
    this.#looks = at === Date.now() ? { at, looks: looks + 1 } : { at: Date.now(), looks: 1 };
    if (looks < MOST_LOOKS) return;
    this.#looks = { at, looks: 0 };
    this.violations.push("pitcrew is busy doing nothing");
    this.crash();
  }

  worker(name: string): FakeWorker {
    const found = this.workers.get(name);
    if (found === undefined) throw new Error(`no worker ${name}`);
    return found;
  }

  get records(): JournalRecord[] {
    return this.lines.flatMap((line) => decodeRecord(line) ?? []);
  }

  /** Starts a pitcrew on what the disk holds. */
  async startDaemon(): Promise<void> {
    this.#daemon += 1;
    this.#isAlive = true;
    const alive = this.#lifeOf(this.#daemon);
    const ledger = Ledger.fold(this.records, BOOT, this.clock());
    this.engine = new Engine(
      {
        config: () => this.config,
        clock: () => this.clock(),
        bootId: BOOT,
        uptimeSeconds: () => this.uptimeSeconds(),
        observeWorker: (name) => alive.orNever(() => this.worker(name).look()),
        observeSystem: () => this.systemAt(),
        isAlive: (process) => [...this.workers.values()].some((worker) => worker.isAlive(process)),
        condition: (incident, observation) => conditionOf(this.config, RULES, incident, observation),
        manager: (spec) => this.worker(spec.name).manager(alive),
        journal: { append: (entries, at) => alive.act("append", () => this.#append(entries, at)) ?? [] },
        publishDesired: (worker, desired) => void alive.act("publish", () => this.desired.set(worker, desired)),
        request: ({ target }, kind) =>
          void alive.act(kind, () => target.kind === "worker" && this.worker(target.worker).requested(kind)),
        oomKills: () => this.oomKills,
        policy: { ...DEFAULT_POLICY, startupGraceSeconds: 0, verifySeconds: this.config.remediator.verifySeconds },
        log: LOG,
      },
      ledger,
    );
    this.intake = new Intake({
      config: () => this.config,
      ruleOf: (alertname) => RULES.rules.find((rule) => rule.alert === alertname),
      engine: this.engine,
    });
    this.#watch = new Watch(
      {
        observe: () => alive.orNever(() => this.#observe()),
        samples: (observation) => actionableSamples(this.config.host, observation),
        engine: this.engine,
        intake: this.intake,
        log: LOG,
        unsilenced: (notices) => notices,
        housekeep: () => {},
      },
      this.config.remediator.guard,
      RULES,
    );
    const { engine } = this;
    engine.store.commit([{ type: "daemon", version: "test", pid: this.#daemon, bootId: BOOT }]);
    // Not awaited: a crash in the middle never lets it end.
    void this.#watch.start(this.config.remediator.guard.intervalSeconds).then(() => engine.look());
    await flush();
  }

  /** An alert as the webhook brings it. */
  alert(labels: Readonly<Record<string, string>>, status: "firing" | "resolved" = "firing"): void {
    const { host } = this.config;
    this.intake.take([{ source: "webhook", status, labels: { host, ...labels }, startsAt: undefined }]);
  }

  /** How many lives and deaths of pitcrew there were; it lives if its last is a life. */
  get lives(): number {
    return this.#daemon;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** From here on nothing that this pitcrew still has in mind reaches the machine. */
  crash(): void {
    this.#daemon += 1;
    this.#isAlive = false;
    void this.engine.stop();
    void this.#watch?.stop();
  }

  #lifeOf(daemon: number): Life {
    const isAlive = () => this.#daemon === daemon;
    return {
      act: <T>(what: string, effect: () => T): T | undefined => {
        if (isAlive()) this.onFault(what, "before");
        if (!isAlive()) return undefined;
        const result = effect();
        this.onFault(what, "after");
        return isAlive() ? result : undefined;
      },
      orNever: async <T>(value: () => T) => (isAlive() ? value() : new Promise<T>(() => {})),
    };
  }

  #observe() {
    return { workers: [...this.workers.values()].map((worker) => worker.read()), system: this.systemAt() };
  }

  #append(entries: readonly Entry[], at: Stamp): JournalRecord[] {
    if (this.diskFull) throw new JournalError("the journal cannot be written (ENOSPC)");
    const last = this.lines.length;
    this.#journal?.append(entries, at, false);
    const records = entries.map((entry, index) => ({ seq: last + index + 1, at, bootId: BOOT, entry }));
    this.lines.push(...records.map((record) => encodeRecord(record).trimEnd()));
    return records;
  }
}

/** Timers and the date are the test's from here on; microtasks and `setImmediate` stay real. */
export function useFakeTime(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"], now: BEGIN_MS });
}

/** Everything that needs no time to pass has happened after this. */
export function flush(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Lets so many seconds pass, one timer after the other. */
export async function pass(seconds: number): Promise<void> {
  let isOver = false;
  setTimeout(() => {
    isOver = true;
  }, seconds * 1000);
  await flush();
  while (!isOver) {
    vi.advanceTimersToNextTimer();
    await flush();
  }
}
