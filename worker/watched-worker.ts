// One configured worker between two looks: what is remembered of it, and the records that speak of it.
import { maxAgeSeconds } from "./age.ts";
import { type BrakeRecord, brakeStreak, readBrakeRecord } from "./files/brake-record.ts";
import { CachedRecord } from "./files/cached-record.ts";
import { brakeRecordPath, stateRecordPath } from "./files/run-directory.ts";
import { readStateRecord, type StateRecord } from "./files/state-record.ts";
import type { Incarnation } from "./incarnation.ts";
import type { Finder } from "./locate/finder.ts";
import type { Presence, ReadSource, WorkerReading } from "./reading.ts";
import type { WorkerSpec } from "./spec.ts";
import type { CgroupFiles } from "./tree/cgroup-files.ts";
import { OomCount } from "./tree/oom-count.ts";
import type { WatchedTree } from "./tree/watched-tree.ts";

export interface WorkerContext {
  runDirectory: string;
  /** User ids that may own the brake record. */
  brakeOwners: readonly number[];
  countError: (source: ReadSource) => void;
}

export class WatchedWorker {
  readonly spec: WorkerSpec;
  readonly finder: Finder;
  presence: Presence = { kind: "unknown", source: "processes" };
  tree: WatchedTree | undefined;
  /** The worker's own control group, as last decided. */
  cgroup: { decidedAtSeconds: number; files: CgroupFiles | undefined } | undefined;
  /** Counters outlast the process: they stay when the worker is down. Of the present or the last incarnation. */
  cpuSeconds: number | undefined;
  oomKills = new OomCount();
  readonly #countError: (source: ReadSource) => void;
  readonly #state: CachedRecord<StateRecord>;
  readonly #brake: CachedRecord<BrakeRecord>;
  #isDesiredUp = true;
  #aged: { root: Incarnation; maxAgeSeconds: number | undefined } | undefined;

  constructor(spec: WorkerSpec, finder: Finder, { runDirectory, brakeOwners, countError }: WorkerContext) {
    const { name } = spec;
    this.spec = spec;
    this.finder = finder;
    this.#countError = countError;
    this.#state = new CachedRecord(stateRecordPath(runDirectory, name), () => readStateRecord(runDirectory, name));
    this.#brake = new CachedRecord(brakeRecordPath(runDirectory, name), () =>
      readBrakeRecord(runDirectory, name, brakeOwners),
    );
  }

  countError(source: ReadSource): void {
    this.#countError(source);
  }

  get counters(): WorkerReading["counters"] {
    return { cpuSeconds: this.cpuSeconds, oomKills: this.oomKills.total };
  }

  /** The age limit of this incarnation; its jitter is a hash, which is computed once. */
  maxAgeSeconds(root: Incarnation): number | undefined {
    if (this.#aged?.root !== root)
      this.#aged = { root, maxAgeSeconds: maxAgeSeconds(this.spec.limits, this.spec.name, root) };
    return this.#aged.maxAgeSeconds;
  }

  /** The process is gone, or is not ours any more: a last look at what its group has counted. */
  leaveCgroup(): void {
    const files = this.cgroup?.files;
    if (files !== undefined) this.oomKills.read(files);
    files?.close();
    this.cgroup = undefined;
  }

  /** After a reload: what the same worker was found to have before. */
  inherit(former: WatchedWorker): void {
    this.tree = former.tree;
    this.cgroup = former.cgroup;
    this.cpuSeconds = former.cpuSeconds;
    this.oomKills = former.oomKills;
    former.tree = undefined;
    former.cgroup = undefined;
  }

  /** What the records say. A state record that cannot be read changes nothing: the last one that could be holds. */
  readRecords(): Pick<WorkerReading, "desiredUp" | "brake" | "brakeStreak"> {
    const state = this.#state.get();
    if (state.kind === "refused") this.countError("state");
    else this.#isDesiredUp = state.kind === "absent" || state.value.desired === "up";
    const read = this.#brake.get();
    if (read.kind === "refused") this.countError("brake");
    const brake = read.kind === "ok" ? read.value : undefined;
    return {
      desiredUp: this.spec.manager.kind !== "observe" && this.#isDesiredUp,
      brake,
      brakeStreak: brake && brakeStreak(brake, this.tree?.members() ?? []),
    };
  }
}
