// One look at the machine: who is still there, who is new, and which worker each process belongs to. Synchronous, so that looks never mix.
import { readLiveStat } from "./identify.ts";
import { sameIncarnation } from "./incarnation.ts";
import type { Look } from "./locate/finder.ts";
import { Judge } from "./locate/judge.ts";
import type { Located } from "./locate/located.ts";
import { ProcessTable } from "./process-table.ts";
import type { Presence } from "./reading.ts";
import { TreeTracker } from "./tree/tracker.ts";
import type { WatchedTree } from "./tree/watched-tree.ts";
import type { WatchedWorker } from "./watched-worker.ts";

export interface WatcherOptions {
  bootId: string;
  procRoot: string;
  cgroupRoot: string;
  /** Whether CPU and threads are wanted too. */
  wantsStat: boolean;
  onAmbiguous: (worker: string, roots: number) => void;
}

/** Of one look. */
interface Clocks {
  uptimeSeconds: number;
  bootTimeSeconds: number;
}

export class Watcher {
  readonly judge: Judge;
  readonly #options: WatcherOptions;
  readonly #table: ProcessTable;
  readonly #tracker: TreeTracker;
  #mustJudgeAll = false;

  constructor(options: WatcherOptions) {
    this.#options = options;
    this.judge = new Judge(options.procRoot);
    this.#table = new ProcessTable(options.procRoot);
    this.#tracker = new TreeTracker({ ...options, lookUp: (pid) => this.#table.get(pid) });
  }

  /** There are patterns that have not seen the known processes. */
  judgeAll(): void {
    this.#mustJudgeAll = true;
  }

  /** Sets `presence` and `tree` of each, and samples its memory. */
  look(workers: readonly WatchedWorker[], { uptimeSeconds, bootTimeSeconds }: Clocks): void {
    for (const worker of workers) {
      if (worker.tree !== undefined && !this.#tracker.sample(worker.tree, this.#options.wantsStat))
        this.release(worker);
    }
    const mustList = this.#mustJudgeAll || workers.some(({ tree, finder }) => tree === undefined && finder.scans);
    const change = this.#table.refresh({ uptimeSeconds, mustList });
    this.judge.apply(this.#mustJudgeAll ? { ...change, fresh: [...this.#table.entries()] } : change);
    this.#mustJudgeAll = false;

    const look = this.#lookOf(change.isComplete, { uptimeSeconds, bootTimeSeconds });
    const hasAdopted = workers.map((worker) => this.#find(worker, look)).includes(true);
    if (hasAdopted || change.hasReplaced) {
      // A new root: its descendants may be known already, and what is known of their parents old.
      this.judge.apply(this.#table.refresh({ uptimeSeconds, mustList: true, rereadAll: true }));
      this.#tracker.assign(this.#table.entries(), { areNew: false });
      for (const { tree } of workers) if (tree?.group !== undefined) this.#tracker.joinGroup(tree);
    } else {
      this.#tracker.assign(change.fresh, { areNew: true });
    }
  }

  release(worker: WatchedWorker): void {
    if (worker.tree !== undefined) this.#tracker.drop(worker.tree);
    worker.tree = undefined;
    worker.leaveCgroup();
  }

  /** A control group that turned out to be this tree's alone. */
  setGroup(tree: WatchedTree, directory: string | undefined): void {
    this.#tracker.setGroup(tree, directory);
  }

  /** Whether a process that is no known member is this tree's all the same: born a moment ago, or gone by now. */
  belongs(tree: WatchedTree, pid: number): boolean {
    if (tree.member(pid) !== undefined || pid === tree.shim) return true;
    const stat = readLiveStat(pid, this.#options.procRoot);
    return (
      stat === undefined ||
      tree.member(stat.ppid) !== undefined ||
      (tree.session !== undefined && stat.session === tree.session)
    );
  }

  #lookOf(isComplete: boolean, clocks: Clocks): Look {
    return {
      ...this.#options,
      ...clocks,
      isComplete: isComplete && !this.judge.hasHidden,
      lookUp: (pid) => this.#table.get(pid),
      treeRootOf: (entry) => this.#tracker.treeWith(entry)?.root.pid,
      groupRootOf: (entry) => this.#tracker.groupTreeOf(entry)?.root.pid,
    };
  }

  /** @returns true if the worker has a new root. */
  #find(worker: WatchedWorker, look: Look): boolean {
    const { tree, finder } = worker;
    if (tree !== undefined && !finder.isStale(tree.root, look)) {
      worker.presence = { kind: "up", incarnation: tree.root };
      return false;
    }
    const located = finder.locate(look);
    const isSameRoot = located.kind === "found" && sameIncarnation(tree?.root, located.root);
    // A source that fails does not end what is seen to live.
    if (tree !== undefined && (isSameRoot || located.kind === "unknown")) {
      worker.presence = { kind: "up", incarnation: tree.root };
      return false;
    }
    this.release(worker);
    const wasAmbiguous = worker.presence.kind === "ambiguous";
    worker.presence = this.#adopt(worker, located);
    if (worker.presence.kind === "ambiguous" && !wasAmbiguous)
      this.#options.onAmbiguous(worker.spec.name, worker.presence.roots);
    if (worker.presence.kind === "unknown") worker.countError(worker.presence.source);
    if (worker.presence.kind === "ambiguous") worker.countError("processes");
    return worker.presence.kind === "up";
  }

  #adopt(worker: WatchedWorker, located: Located): Presence {
    if (located.kind !== "found") return located;
    const tree = this.#tracker.adopt(located.root, located.session);
    if (tree === "gone") return { kind: "down" };
    if (tree === "unreadable") return { kind: "unknown", source: "stat" };
    worker.tree = tree;
    this.#tracker.setGroup(tree, located.group);
    return { kind: "up", incarnation: tree.root };
  }
}
