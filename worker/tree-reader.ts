// From a watched tree to its reading: age, resident memory, and what the limits are held against.
import { maxAgeSeconds } from "./age.ts";
import { CLOCK_TICKS_PER_SECOND } from "./boot.ts";
import { incarnationKey } from "./incarnation.ts";
import { measureMemory } from "./memory.ts";
import { findOwnCgroup } from "./own-cgroup.ts";
import { PssSampler } from "./pss.ts";
import type { TreeReading } from "./reading.ts";
import { unitOfWorker } from "./unit.ts";
import type { WatchedTree } from "./watched-tree.ts";
import type { WatchedWorker } from "./watched-worker.ts";

export interface TreeReaderOptions {
  procRoot: string;
  cgroupRoot: string;
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
}

/** Processes are moved to a group of their own right after their start, and seldom later. */
const NEWBORN_SECONDS = 5;
const CGROUP_RECHECK_SECONDS = 30;

export class TreeReader {
  readonly #options: TreeReaderOptions;
  readonly #pss: PssSampler;

  constructor(options: TreeReaderOptions) {
    this.#options = options;
    this.#pss = new PssSampler(options.procRoot);
  }

  /** What can be read at once is read before the first await: it belongs to the look that has just been taken. */
  async read(worker: WatchedWorker, frame: TreeFrame): Promise<TreeReading | undefined> {
    const { tree, spec } = worker;
    if (tree === undefined) {
      this.#pss.forget(spec.name);
      return undefined;
    }
    const { uptimeSeconds, bootTimeSeconds } = frame;
    const members = tree.members();
    const startedSeconds = tree.root.startTicks / CLOCK_TICKS_PER_SECOND;
    // Both clocks count hundredths; a difference of doubles has more digits than it knows.
    const ageSeconds = Math.max(0, Math.round((uptimeSeconds - startedSeconds) * 100) / 100);
    const residentMemoryBytes = tree.residentBytes();
    const reading: TreeReading = {
      members,
      startTimeSeconds: bootTimeSeconds + startedSeconds,
      ageSeconds,
      maxAgeSeconds: maxAgeSeconds(spec.limits, spec.name, tree.root),
      residentMemoryBytes,
      memoryBytes: undefined,
      residentMemoryPeakBytes: tree.residentPeakBytes(),
    };
    if (residentMemoryBytes === undefined) worker.countError("memory");
    return { ...reading, memoryBytes: await this.#measure(worker, tree, reading, frame) };
  }

  async #measure(
    worker: WatchedWorker,
    tree: WatchedTree,
    { members, residentMemoryBytes, ageSeconds }: TreeReading,
    { uptimeSeconds, mustBeFresh }: TreeFrame,
  ): Promise<number | undefined> {
    const { name, limits } = worker.spec;
    const mayUseCgroup = limits.measure === "auto" || limits.measure === "cgroup";
    const cgroup = mayUseCgroup ? this.#cgroupOf(worker, tree, ageSeconds, uptimeSeconds) : undefined;
    const facts = { limits, residentBytes: residentMemoryBytes, processes: members.length, cgroup };
    let hasSampled = false;
    const measuring = measureMemory(facts, () => {
      hasSampled = true;
      const pids = members.map(({ pid }) => pid);
      return this.#pss.sample(name, incarnationKey(tree.root), pids, mustBeFresh);
    });
    if (!hasSampled) this.#pss.forget(name);
    const measured = await measuring;
    if (measured.kind === "ok") return measured.bytes;
    // Unreadable resident memory is counted by the caller.
    if (measured.source !== "memory") worker.countError(measured.source);
    return undefined;
  }

  #cgroupOf(worker: WatchedWorker, tree: WatchedTree, ageSeconds: number, uptimeSeconds: number): string | undefined {
    const last = worker.cgroup;
    const isKnown = last !== undefined && uptimeSeconds - last.decidedAtSeconds < CGROUP_RECHECK_SECONDS;
    if (isKnown && ageSeconds >= NEWBORN_SECONDS) return last.directory;
    const unit = unitOfWorker(worker.spec.manager)?.name;
    const directory = findOwnCgroup({
      pid: tree.root.pid,
      isOurs: (pid) => this.#options.belongs(tree, pid),
      unit,
      procRoot: this.#options.procRoot,
      cgroupRoot: this.#options.cgroupRoot,
    });
    worker.cgroup = { decidedAtSeconds: uptimeSeconds, directory };
    // A unit's group is known from where it was found.
    if (unit === undefined) this.#options.setGroup(tree, directory);
    return directory;
  }
}
