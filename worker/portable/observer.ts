// The eyes of the exporter on macOS and BSD: up, resident memory, age, CPU and the system's memory, no more. On Linux it is there to be compared.
import { maxAgeSeconds } from "../age.ts";
import { readStateRecord } from "../files/state-record.ts";
import { ReadErrors } from "../read-errors.ts";
import type { Observation, Presence, ReadSource, SystemReading, TreeReading, WorkerReading } from "../reading.ts";
import type { WorkerSpec } from "../spec.ts";
import { type Floors, resolveFloors } from "../system-memory.ts";
import { measureMemory } from "../tree/measure.ts";
import { findUser } from "../users.ts";
import { findPid } from "./find-roots.ts";
import { type PortableFigures, PortableTree, type PortableWorker } from "./portable-worker.ts";
import { descendantsOf, listByPs, ProcessList } from "./process-list.ts";
import { readPortableMemory } from "./system-memory.ts";
import { type Usage, usageOf } from "./usage.ts";

export interface PortableObserverOptions {
  runDirectory: string;
  specs: readonly WorkerSpec[];
  floors: Floors;
  onAmbiguous?: (worker: string, roots: number) => void;
}

/** There is no boot id to be had everywhere; the readings of one observer are of one boot. */
const THIS_BOOT = "portable";
const TICKS_PER_SECOND = 100;

export class PortableObserver {
  readonly #runDirectory: string;
  readonly #onAmbiguous: (worker: string, roots: number) => void;
  readonly #errors = new ReadErrors();
  readonly #list = new ProcessList({ list: listByPs, nowMs: () => performance.now() });
  readonly #uids = new Map<string, number | undefined>();
  #workers: ReadonlyMap<string, PortableWorker> = new Map();
  #floors: Floors = { minAvailableBytes: undefined, criticalAvailableBytes: undefined };
  #inFlight: Promise<Observation> | undefined;

  constructor({ runDirectory, specs, floors, onAmbiguous = () => undefined }: PortableObserverOptions) {
    this.#runDirectory = runDirectory;
    this.#onAmbiguous = onAmbiguous;
    this.setSpecs(specs, floors);
  }

  /** Who asks while an answer is on its way gets that answer. */
  observe(): Promise<Observation> {
    this.#inFlight ??= this.#observe().finally(() => {
      this.#inFlight = undefined;
    });
    return this.#inFlight;
  }

  readErrors(): ReadonlyMap<string, ReadonlyMap<ReadSource, number>> {
    return this.#errors.counts();
  }

  setSpecs(specs: readonly WorkerSpec[], floors: Floors): void {
    this.#floors = floors;
    // Users come and go; a reload is when somebody expects that to be seen.
    this.#uids.clear();
    this.#errors.setWorkers(specs.map(({ name }) => name));
    const former = this.#workers;
    this.#workers = new Map(
      specs.map((spec) => {
        const known = former.get(spec.name);
        const isSame = known !== undefined && wayOf(known.spec) === wayOf(spec);
        const unknown: Presence = { kind: "unknown", source: "processes" };
        return [
          spec.name,
          isSame ? { ...known, spec } : { spec, presence: unknown, tree: undefined, cpuSeconds: undefined },
        ];
      }),
    );
  }

  /** There is none to be had. */
  setProportional(): void {}

  /** Nothing is kept open. */
  close(): void {}

  async #observe(): Promise<Observation> {
    const workers = [...this.#workers.values()];
    await this.#find(workers);
    let usage = await this.#usage(workers);
    if (usage !== undefined && this.#dropEnded(workers, usage)) {
      // A process that was replaced is found again in the same look.
      await this.#find(workers, true);
      usage = await this.#usage(workers);
    }
    const readings = await Promise.all(workers.map((worker) => this.#read(worker, usage)));
    return { workers: readings, system: await this.#system() };
  }

  /** Looks for those that have no living process, and for the descendants of all. */
  async #find(workers: readonly PortableWorker[], mustBeFresh = false): Promise<void> {
    const processes = await this.#list.get(mustBeFresh);
    const slots = new Map<string, Set<number>>();
    const takenBy = (worker: PortableWorker) => {
      const taken = slots.get(worker.spec.group) ?? new Set<number>();
      slots.set(worker.spec.group, taken);
      return hasSlot(worker.spec) ? taken : new Set<number>();
    };
    for (const worker of workers) if (worker.tree !== undefined) takenBy(worker).add(worker.tree.pid);
    for (const worker of workers) {
      if (worker.tree !== undefined) {
        if (processes !== undefined) worker.tree.members = descendantsOf(worker.tree.pid, processes);
        continue;
      }
      const found = findPid(worker.spec, processes, takenBy(worker), {
        runDirectory: this.#runDirectory,
        uidOf: (user) => this.#uidOf(user),
      });
      if (found.kind !== "pid") {
        this.#setAbsent(worker, found);
        continue;
      }
      takenBy(worker).add(found.pid);
      worker.tree = new PortableTree(found.pid);
      if (processes !== undefined) worker.tree.members = descendantsOf(found.pid, processes);
    }
  }

  #uidOf(user: string): number | undefined {
    if (!this.#uids.has(user)) this.#uids.set(user, findUser(user)?.uid);
    return this.#uids.get(user);
  }

  #setAbsent(worker: PortableWorker, presence: Exclude<Presence, { kind: "up" }>): void {
    const { name } = worker.spec;
    if (presence.kind === "unknown") this.#errors.count(name, presence.source);
    if (presence.kind === "ambiguous") {
      this.#errors.count(name, "processes");
      if (worker.presence.kind !== "ambiguous") this.#onAmbiguous(name, presence.roots);
    }
    worker.presence = presence;
  }

  /** Undefined if it could not be asked: what is seen to live is then neither up nor down. */
  async #usage(workers: readonly PortableWorker[]): Promise<ReadonlyMap<number, Usage> | undefined> {
    const pids = workers.flatMap(({ tree }) => tree?.members ?? []);
    if (pids.length === 0) return new Map();
    try {
      return await usageOf(pids);
    } catch {
      // Counted for each worker that it keeps from being read.
      return undefined;
    }
  }

  /** @returns true if a worker has lost its process. */
  #dropEnded(workers: readonly PortableWorker[], usage: ReadonlyMap<number, Usage>): boolean {
    let hasEnded = false;
    for (const worker of workers) {
      const { tree } = worker;
      // A process without any memory is a zombie.
      if (tree === undefined || (usage.get(tree.pid)?.residentBytes !== 0 && tree.figures(usage) !== undefined))
        continue;
      worker.tree = undefined;
      hasEnded = true;
    }
    return hasEnded;
  }

  async #read(worker: PortableWorker, usage: ReadonlyMap<number, Usage> | undefined): Promise<WorkerReading> {
    const { spec, tree } = worker;
    const figures = usage === undefined ? undefined : tree?.figures(usage);
    if (tree !== undefined && figures !== undefined) {
      const startTicks = Math.round(figures.startSeconds * TICKS_PER_SECOND);
      worker.presence = { kind: "up", incarnation: { bootId: THIS_BOOT, pid: tree.pid, startTicks } };
      worker.cpuSeconds = figures.cpuSeconds;
    } else if (tree !== undefined) {
      this.#setAbsent(worker, usage === undefined ? { kind: "unknown", source: "stat" } : { kind: "down" });
      if (usage !== undefined) worker.tree = undefined;
    }
    const state = readStateRecord(this.#runDirectory, spec.name);
    if (state.kind === "refused") this.#errors.count(spec.name, "state");
    return {
      spec,
      presence: worker.presence,
      desiredUp: spec.manager.kind !== "observe" && (state.kind !== "ok" || state.value.desired === "up"),
      tree: figures && tree && (await this.#treeReading(worker, tree, figures)),
      brake: undefined,
      brakeStreak: undefined,
      counters: { cpuSeconds: worker.cpuSeconds, oomKills: undefined },
    };
  }

  async #treeReading(
    { spec, presence }: PortableWorker,
    { members }: PortableTree,
    { residentBytes, peakBytes, startSeconds }: PortableFigures,
  ): Promise<TreeReading | undefined> {
    if (presence.kind !== "up") return undefined;
    const { incarnation } = presence;
    const facts = { limits: spec.limits, residentBytes, processes: members.length, cgroup: undefined };
    const measured = await measureMemory(facts, () => Promise.resolve({ kind: "unreadable" }));
    if (measured.kind === "absent") this.#errors.count(spec.name, measured.source);
    return {
      members: members.map((pid) => (pid === incarnation.pid ? incarnation : { ...incarnation, pid })),
      startTimeSeconds: startSeconds,
      ageSeconds: Math.max(0, Date.now() / 1000 - startSeconds),
      maxAgeSeconds: maxAgeSeconds(spec.limits, spec.name, incarnation),
      residentMemoryBytes: residentBytes,
      memoryBytes: measured.kind === "ok" ? measured.bytes : undefined,
      residentMemoryPeakBytes: peakBytes,
    };
  }

  async #system(): Promise<SystemReading> {
    const { totalBytes, availableBytes } = await readPortableMemory();
    const floors = resolveFloors(this.#floors, totalBytes);
    return {
      memoryTotalBytes: totalBytes,
      memoryAvailableBytes: availableBytes,
      memoryAvailableMinBytes: floors.minAvailableBytes,
      memoryAvailableCriticalBytes: floors.criticalAvailableBytes,
    };
  }
}

/** One of several whose processes share a pattern. */
function hasSlot({ manager }: WorkerSpec): boolean {
  return "locator" in manager && manager.locator.kind === "match" && manager.locator.slot !== undefined;
}

function wayOf({ manager }: WorkerSpec): string {
  return JSON.stringify(manager, (_key, value: unknown) => (value instanceof RegExp ? String(value) : value));
}
