// From a watched tree to its reading: age, memory, CPU, and what the limits are held against.
import { CLOCK_TICKS_PER_SECOND } from "../boot.ts";
import { incarnationKey } from "../incarnation.ts";
import type { TreeReading } from "../reading.ts";
import { unitOfWorker } from "../unit.ts";
import type { WatchedWorker } from "../watched-worker.ts";
import { CgroupFiles } from "./cgroup-files.ts";
import { chooseMethod, type Measured, type MemoryFacts, measureAtOnce, measureMemory } from "./measure.ts";
import { findOwnCgroup } from "./own-cgroup.ts";
import { ProportionalMemory, type ProportionalOptions } from "./proportional.ts";
import { PssSampler } from "./pss.ts";
import type { WatchedTree } from "./watched-tree.ts";

export interface TreeReaderOptions {
  procRoot: string;
  cgroupRoot: string;
  /** All that is published, not only what rules act on. */
  isDetailed: boolean;
  belongs: (tree: WatchedTree, pid: number) => boolean;
  setGroup: (tree: WatchedTree, directory: string | undefined) => void;
}

/** The clocks of one look. */
export interface TreeFrame {
  uptimeSeconds: number;
  /** Unix time at which the machine started. */
  bootTimeSeconds: number;
  /** No cached sample will do: somebody is about to act on this reading. */
  mustBeFresh: boolean;
  /** False: nothing of any process is in swap. */
  isSwapUsed: boolean;
}

/** Processes are moved to a group of their own right after their start, and seldom later. */
const NEWBORN_SECONDS = 5;
const CGROUP_RECHECK_SECONDS = 30;

export class TreeReader {
  readonly #options: TreeReaderOptions;
  readonly #pss: PssSampler;
  #proportional: ProportionalMemory | undefined;

  constructor(options: TreeReaderOptions) {
    this.#options = options;
    this.#pss = new PssSampler(options.procRoot);
  }

  /** Undefined: proportional memory is read only where a limit is held against it. */
  setProportional(options: ProportionalOptions | undefined): void {
    this.#proportional = options === undefined ? undefined : new ProportionalMemory(this.#pss, options);
  }

  /** What can be read at once is read at once: it belongs to the look that has just been taken. Only proportional memory has to be waited for. */
  read(worker: WatchedWorker, frame: TreeFrame): TreeReading | undefined | Promise<TreeReading> {
    const { tree, spec } = worker;
    if (tree === undefined) {
      this.#pss.forget(spec.name);
      return undefined;
    }
    const { uptimeSeconds, bootTimeSeconds } = frame;
    const startedSeconds = tree.root.startTicks / CLOCK_TICKS_PER_SECOND;
    // Both clocks count hundredths; a difference of doubles has more digits than it knows.
    const ageSeconds = Math.max(0, Math.round((uptimeSeconds - startedSeconds) * 100) / 100);
    const figures = tree.figures();
    if (figures.residentBytes === undefined) worker.countError("memory");
    const cgroup = this.#cgroupOf(worker, tree, ageSeconds, uptimeSeconds);
    const reading: TreeReading = {
      members: tree.members(),
      startTimeSeconds: bootTimeSeconds + startedSeconds,
      ageSeconds,
      maxAgeSeconds: worker.maxAgeSeconds(tree.root),
      residentMemoryBytes: figures.residentBytes,
      memoryBytes: undefined,
      residentMemoryPeakBytes: tree.residentPeakBytes(),
    };
    if (this.#options.isDetailed) {
      if (figures.cpuSeconds === undefined) worker.countError("stat");
      worker.cpuSeconds = figures.cpuSeconds;
      reading.threads = figures.threads;
      reading.anonymousMemoryBytes = figures.anonymousBytes;
      reading.swapMemoryBytes = frame.isSwapUsed ? tree.swapBytes() : 0;
      if (reading.swapMemoryBytes === undefined) worker.countError("memory");
      if (cgroup !== undefined) addCgroup(reading, worker, cgroup);
    }
    return this.#measure(worker, tree, reading, frame);
  }

  /** Adds what the limits are held against, and proportional memory. */
  #measure(
    worker: WatchedWorker,
    tree: WatchedTree,
    reading: TreeReading,
    frame: TreeFrame,
  ): TreeReading | Promise<TreeReading> {
    const { members, residentMemoryBytes: residentBytes } = reading;
    const { name, limits } = worker.spec;
    const facts = { limits, residentBytes, processes: members.length, cgroup: worker.cgroup?.files };
    const isAsked = this.#options.isDetailed && this.#proportional !== undefined;
    if (isAsked || chooseMethod(facts) === "pss") return this.#measureProportional(worker, tree, reading, facts, frame);
    this.#pss.forget(name);
    addMemory(reading, worker, measureAtOnce(facts));
    return reading;
  }

  async #measureProportional(
    worker: WatchedWorker,
    tree: WatchedTree,
    reading: TreeReading,
    facts: MemoryFacts,
    { mustBeFresh }: TreeFrame,
  ): Promise<TreeReading> {
    const { name } = worker.spec;
    const key = incarnationKey(tree.root);
    const pids = reading.members.map(({ pid }) => pid);
    const { residentMemoryBytes: residentBytes } = reading;
    let hasSampled = false;
    const measuring = measureMemory(facts, () => {
      hasSampled = true;
      return this.#pss.sample(name, key, pids, mustBeFresh);
    });
    addMemory(reading, worker, await measuring);
    if (!this.#options.isDetailed) return reading;
    const sample = hasSampled
      ? this.#pss.last(name, key)?.read
      : await this.#proportional?.read({ worker: name, key, pids, residentBytes });
    if (sample?.kind === "ok") {
      reading.proportionalMemoryBytes = sample.pssBytes;
      reading.uniqueMemoryBytes = sample.ussBytes;
    } else if (sample !== undefined && !hasSampled) worker.countError("pss");
    return reading;
  }

  #cgroupOf(
    worker: WatchedWorker,
    tree: WatchedTree,
    ageSeconds: number,
    uptimeSeconds: number,
  ): CgroupFiles | undefined {
    const last = worker.cgroup;
    const isKnown = last !== undefined && uptimeSeconds - last.decidedAtSeconds < CGROUP_RECHECK_SECONDS;
    if (isKnown && ageSeconds >= NEWBORN_SECONDS) return last.files;
    const unit = unitOfWorker(worker.spec.manager)?.name;
    const directory = findOwnCgroup({
      pid: tree.root.pid,
      isOurs: (pid) => this.#options.belongs(tree, pid),
      unit,
      procRoot: this.#options.procRoot,
      cgroupRoot: this.#options.cgroupRoot,
    });
    const isSame = last?.files?.directory === directory;
    if (!isSame) last?.files?.close();
    const anew = isSame || directory === undefined ? undefined : new CgroupFiles(directory);
    const files = isSame ? last?.files : anew;
    worker.cgroup = { decidedAtSeconds: uptimeSeconds, files };
    // A unit's group is known from where it was found.
    if (unit === undefined) this.#options.setGroup(tree, directory);
    return files;
  }
}

function addMemory(reading: TreeReading, worker: WatchedWorker, measured: Measured): void {
  if (measured.kind === "ok") reading.memoryBytes = measured.bytes;
  // Unreadable resident memory is counted by the caller.
  else if (measured.source !== "memory") worker.countError(measured.source);
}

function addCgroup(reading: TreeReading, worker: WatchedWorker, cgroup: CgroupFiles): void {
  const max = cgroup.maxBytes();
  reading.cgroupCurrentBytes = cgroup.currentBytes();
  reading.cgroupMaxBytes = max === "unlimited" ? undefined : max;
  worker.oomKills.read(cgroup);
  if (reading.cgroupCurrentBytes === undefined) worker.countError("cgroup");
}
