// The eyes of pitcrew: the exporter, the guard and the precheck all see workers and system through one of these.
import { readBootId, readUptimeSeconds } from "./boot.ts";
import { runDirectoryOwners } from "./files/read-strictly.ts";
import { Units } from "./locate/by-unit.ts";
import { FinderRegistry } from "./locate/finders.ts";
import { type ShowUnits, showUnits } from "./locate/show-units.ts";
import { UnitGroups } from "./locate/unit-groups.ts";
import { ReadErrors } from "./read-errors.ts";
import type { Observation, ReadSource, SystemReading, TreeReading, WorkerReading } from "./reading.ts";
import type { WorkerSpec } from "./spec.ts";
import { readSystemDetails } from "./system-details.ts";
import { type Floors, readSystem } from "./system-memory.ts";
import type { ProportionalOptions } from "./tree/proportional.ts";
import { type TreeFrame, TreeReader } from "./tree/reader.ts";
import { unitOfWorker } from "./unit.ts";
import { findUser } from "./users.ts";
import { WatchedWorker } from "./watched-worker.ts";
import { Watcher } from "./watcher.ts";

export interface ObserverOptions {
  host: string;
  runDirectory: string;
  specs: readonly WorkerSpec[];
  /** As configured; undefined: the default. */
  floors: Floors;
  /** Read everything that is published, not only what rules act on. Default false. */
  isDetailed?: boolean;
  procRoot?: string;
  cgroupRoot?: string;
  /** Default: systemctl(1). */
  showUnits?: ShowUnits;
  /** Told once, when a worker begins to be ambiguous. */
  onAmbiguous?: (worker: string, roots: number) => void;
  /** Unix time. */
  nowSeconds?: () => number;
}

/** The clocks differ by the time between two reads; only a larger difference is a clock that was set. */
const BOOT_TIME_TOLERANCE_SECONDS = 1;

/** Holds descriptors of the workers' processes: close it. */
export class Observer {
  readonly host: string;
  readonly #runDirectory: string;
  readonly #procRoot: string;
  readonly #cgroupRoot: string;
  readonly #nowSeconds: () => number;
  readonly #errors = new ReadErrors();
  readonly #uids = new Map<string, number | undefined>();
  readonly #watcher: Watcher;
  readonly #units: Units;
  readonly #registry: FinderRegistry;
  readonly #treeReader: TreeReader;
  readonly #isDetailed: boolean;
  #workers: ReadonlyMap<string, WatchedWorker> = new Map();
  #floors: Floors = { minAvailableBytes: undefined, criticalAvailableBytes: undefined };
  #bootTimeSeconds: number | undefined;
  #inFlight: Promise<Observation> | undefined;

  /** @throws without a boot id, by which alone a process is told from a later one with its pid. */
  constructor(options: ObserverOptions) {
    const { host, runDirectory, procRoot = "/proc", cgroupRoot = "/sys/fs/cgroup" } = options;
    const bootId = readBootId(procRoot);
    if (bootId === undefined)
      throw new Error(`${procRoot}/sys/kernel/random/boot_id cannot be read: pitcrew needs Linux' /proc`);
    this.host = host;
    this.#runDirectory = runDirectory;
    this.#procRoot = procRoot;
    this.#cgroupRoot = cgroupRoot;
    this.#nowSeconds = options.nowSeconds ?? (() => Date.now() / 1000);
    const isDetailed = options.isDetailed ?? false;
    this.#isDetailed = isDetailed;
    const onAmbiguous = options.onAmbiguous ?? (() => undefined);
    this.#watcher = new Watcher({ bootId, procRoot, cgroupRoot, wantsStat: isDetailed, onAmbiguous });
    this.#units = new Units(new UnitGroups({ procRoot, cgroupRoot }), options.showUnits ?? showUnits);
    this.#registry = new FinderRegistry({
      runDirectory,
      judge: this.#watcher.judge,
      units: this.#units,
      uidOf: (user) => this.#uidOf(user),
    });
    this.#treeReader = new TreeReader({
      procRoot,
      cgroupRoot,
      isDetailed,
      belongs: (tree, pid) => this.#watcher.belongs(tree, pid),
      setGroup: (tree, directory) => this.#watcher.setGroup(tree, directory),
    });
    this.setSpecs(options.specs, options.floors);
  }

  /** All workers and the system. Who asks while an answer is on its way gets that answer. */
  observe(): Promise<Observation> {
    this.#inFlight ??= this.#observeAll().finally(() => {
      this.#inFlight = undefined;
    });
    return this.#inFlight;
  }

  /** One worker, by fresh readings only: for who is about to act. Undefined: no such worker is configured. */
  async observeWorker(name: string): Promise<WorkerReading | undefined> {
    const worker = this.#workers.get(name);
    if (worker === undefined) return undefined;
    const { answered } = this.#units;
    const [reading] = await this.#readAll([worker], true);
    if (unitOfWorker(worker.spec.manager) === undefined || (await this.#units.settled()) === answered) return reading;
    // Its processes had changed, and systemd has said since which of them is the main one.
    return (await this.#readAll([worker], true))[0];
  }

  observeSystem(): SystemReading {
    return readSystem(this.#floors, this.#procRoot, this.#cgroupRoot);
  }

  /** Whether proportional memory of every worker is wanted. */
  setProportional(options: ProportionalOptions | undefined): void {
    this.#treeReader.setProportional(options);
  }

  /** By worker; every source of every worker is there, from 0. */
  readErrors(): ReadonlyMap<string, ReadonlyMap<ReadSource, number>> {
    return this.#errors.counts();
  }

  /** After a reload. A worker that is still found in the same way keeps what is known of its process. */
  setSpecs(specs: readonly WorkerSpec[], floors: Floors): void {
    this.#floors = floors;
    // Users come and go; a reload is when somebody expects that to be seen.
    this.#uids.clear();
    this.#errors.setWorkers(specs.map(({ name }) => name));
    const { finders, mustJudgeAll } = this.#registry.create(specs);
    if (mustJudgeAll) this.#watcher.judgeAll();
    const former = this.#workers;
    this.#workers = new Map(
      specs.flatMap((spec) => {
        const finder = finders.get(spec.name);
        return finder === undefined ? [] : [[spec.name, this.#watch(spec, finder, former.get(spec.name))] as const];
      }),
    );
    for (const worker of former.values()) this.#watcher.release(worker);
  }

  close(): void {
    for (const worker of this.#workers.values()) this.#watcher.release(worker);
    this.#workers = new Map();
  }

  #watch(spec: WorkerSpec, finder: WatchedWorker["finder"], former: WatchedWorker | undefined): WatchedWorker {
    const worker = new WatchedWorker(spec, finder, {
      runDirectory: this.#runDirectory,
      brakeOwners: this.#brakeOwners(spec),
      countError: (source) => this.#errors.count(spec.name, source),
    });
    if (former !== undefined && isFoundAlike(former.spec, spec)) worker.inherit(former);
    return worker;
  }

  async #observeAll(): Promise<Observation> {
    const system = this.observeSystem();
    if (!this.#isDetailed) return { workers: await this.#readAll([...this.#workers.values()], false), system };
    const details = readSystemDetails(this.#procRoot, this.#cgroupRoot);
    const workers = await this.#readAll([...this.#workers.values()], false, details.isSwapUsed);
    return { workers, system: { ...system, details } };
  }

  #readAll(workers: readonly WatchedWorker[], mustBeFresh: boolean, isSwapUsed = true): Promise<WorkerReading[]> {
    const uptimeSeconds = readUptimeSeconds(this.#procRoot);
    if (uptimeSeconds === undefined) return Promise.resolve(workers.map(unreadable));
    const clocks = { uptimeSeconds, bootTimeSeconds: this.#bootTime(uptimeSeconds) };
    this.#watcher.look(workers, clocks);
    const frame = { ...clocks, mustBeFresh, isSwapUsed };
    const readings = workers.map((worker) => this.#read(worker, frame));
    const done = readings.filter((reading): reading is WorkerReading => !(reading instanceof Promise));
    return done.length === readings.length
      ? Promise.resolve(done)
      : Promise.all(readings.map((reading) => Promise.resolve(reading)));
  }

  #read(worker: WatchedWorker, frame: TreeFrame): WorkerReading | Promise<WorkerReading> {
    const { spec, presence } = worker;
    const { desiredUp, brake, brakeStreak } = worker.readRecords();
    const finish = (tree: TreeReading | undefined): WorkerReading => {
      const reading: WorkerReading = { spec, presence, desiredUp, brake, brakeStreak, tree };
      if (this.#isDetailed) reading.counters = worker.counters;
      return reading;
    };
    const tree = this.#treeReader.read(worker, frame);
    return tree instanceof Promise ? tree.then(finish) : finish(tree);
  }

  /** The same at every look, so that a start time is one number, until somebody sets the clock. */
  #bootTime(uptimeSeconds: number): number {
    const now = this.#nowSeconds() - uptimeSeconds;
    const known = this.#bootTimeSeconds;
    if (known === undefined || Math.abs(now - known) > BOOT_TIME_TOLERANCE_SECONDS) this.#bootTimeSeconds = now;
    return this.#bootTimeSeconds ?? now;
  }

  /** The worker's user, root, ourselves, and whom the run directory belongs to. */
  #brakeOwners({ manager }: WorkerSpec): readonly number[] {
    const user = "launch" in manager ? manager.launch.user : undefined;
    const locator = "locator" in manager ? manager.locator : undefined;
    const matched = locator?.kind === "match" ? locator.user : undefined;
    const uids = [user, matched].map((name) => (name === undefined ? undefined : this.#uidOf(name)));
    const owners = [...uids, process.geteuid?.(), ...runDirectoryOwners(this.#runDirectory)];
    return owners.filter((uid) => uid !== undefined);
  }

  #uidOf(user: string): number | undefined {
    if (!this.#uids.has(user)) this.#uids.set(user, findUser(user)?.uid);
    return this.#uids.get(user);
  }
}

function unreadable(worker: WatchedWorker): WorkerReading {
  worker.countError("stat");
  return { spec: worker.spec, presence: { kind: "unknown", source: "stat" }, ...worker.readRecords(), tree: undefined };
}

function isFoundAlike(a: WorkerSpec, b: WorkerSpec): boolean {
  return JSON.stringify(wayOf(a)) === JSON.stringify(wayOf(b));
}

/** What decides which process is the worker; limits and commands may change without its being another one. */
function wayOf({ manager }: WorkerSpec): unknown {
  switch (manager.kind) {
    case "supervised":
    case "systemd":
      return [manager.kind, unitOfWorker(manager)];
    case "command":
    case "observe": {
      const { locator } = manager;
      return locator.kind === "pidfile" ? locator : { ...locator, cmdline: String(locator.cmdline) };
    }
  }
}
