// Which process belongs to which watched tree: by its parents, or by a session or control group that is the tree's own.

import { readLiveStat } from "../identify.ts";
import type { Incarnation } from "../incarnation.ts";
import { readPids } from "../locate/unit-groups.ts";
import type { ProcessEntry } from "../process-table.ts";
import { TreeGroups } from "./groups.ts";
import { WatchedTree } from "./watched-tree.ts";

export interface TrackerOptions {
  bootId: string;
  procRoot: string;
  cgroupRoot: string;
  lookUp: (pid: number) => ProcessEntry | undefined;
}

/** Deeper chains of parents than this do not exist in practice; a loop of stale entries could. */
const MAX_DEPTH = 64;

export class TreeTracker {
  readonly #options: TrackerOptions;
  readonly #owners = new Map<number, WatchedTree>();
  readonly #sessions = new Map<number, WatchedTree>();
  readonly #shims = new Set<number>();
  readonly #groups: TreeGroups;

  constructor(options: TrackerOptions) {
    this.#options = options;
    this.#groups = new TreeGroups(options.procRoot, options.cgroupRoot);
  }

  /** @param session the session that is this tree's own, if any. */
  adopt(root: Incarnation, session: number | undefined): WatchedTree | "gone" | "unreadable" {
    const tree = WatchedTree.open(root, session, this.#options.procRoot);
    if (typeof tree === "string") return tree;
    const former = this.#owners.get(root.pid);
    // Two workers that claim one root (patterns that overlap) both watch it; the first keeps the children.
    if (former?.root.pid !== root.pid) {
      // A worker inside of another worker's tree is a worker of its own from now on.
      former?.leave(root.pid);
      this.#owners.set(root.pid, tree);
    }
    if (tree.session !== undefined) this.#sessions.set(tree.session, tree);
    if (tree.shim !== undefined) this.#shims.add(tree.shim);
    return tree;
  }

  drop(tree: WatchedTree): void {
    for (const { pid } of tree.members()) this.#forget(pid, tree);
    this.#forget(tree.root.pid, tree);
    if (tree.session !== undefined && this.#sessions.get(tree.session) === tree) this.#sessions.delete(tree.session);
    if (tree.shim !== undefined) this.#shims.delete(tree.shim);
    this.#groups.remove(tree);
    tree.close();
  }

  /** From now on, who turns up in this control group is the tree's. */
  setGroup(tree: WatchedTree, directory: string | undefined): void {
    this.#groups.set(tree, directory);
  }

  /** Lets everybody join who is in the tree's group already. */
  joinGroup(tree: WatchedTree): void {
    for (const pid of tree.group === undefined ? [] : (readPids(tree.group) ?? [])) {
      const stat = this.#owners.has(pid) ? undefined : readLiveStat(pid, this.#options.procRoot);
      if (stat !== undefined) this.#join(tree, stat);
    }
  }

  /** Reads every member's figures. @returns false if the root is gone. */
  sample(tree: WatchedTree, wantsStat: boolean): boolean {
    for (const pid of tree.sample(wantsStat)) this.#forget(pid, tree);
    return tree.isAlive;
  }

  /** Lets each of these processes join the tree it belongs to. */
  assign(entries: Iterable<ProcessEntry>, { areNew }: { areNew: boolean }): void {
    for (const entry of entries) {
      const owner = this.#ownerOf(entry) ?? (areNew ? this.#groups.ownerOf(entry.pid) : undefined);
      if (owner !== undefined && this.#owners.get(entry.pid) !== owner) this.#join(owner, entry);
    }
  }

  /** The tree that this very process is a member of. */
  treeWith(entry: ProcessEntry): WatchedTree | undefined {
    const tree = this.#owners.get(entry.pid);
    return tree?.member(entry.pid)?.startTicks === entry.startTicks ? tree : undefined;
  }

  /** The tree in whose own control group this process is, member yet or not. */
  groupTreeOf(entry: ProcessEntry): WatchedTree | undefined {
    return this.#groups.ownerOf(entry.pid);
  }

  #ownerOf(entry: ProcessEntry): WatchedTree | undefined {
    let at: ProcessEntry | undefined = entry;
    for (let depth = 0; at !== undefined && depth < MAX_DEPTH; depth++) {
      const member = this.treeWith(at);
      if (member !== undefined) return member;
      if (this.#shims.has(at.pid) || this.#shims.has(at.ppid)) return undefined;
      const bySession = this.#sessions.get(at.session);
      if (bySession !== undefined) return bySession;
      const parent: ProcessEntry | undefined = this.#options.lookUp(at.ppid);
      // Nobody is older than its parent: this is a stranger with the parent's former pid.
      at = parent !== undefined && parent.startTicks <= at.startTicks ? parent : undefined;
    }
    return undefined;
  }

  #join(tree: WatchedTree, { pid, startTicks }: { pid: number; startTicks: number }): void {
    if (tree.join({ bootId: this.#options.bootId, pid, startTicks }) === "joined") this.#owners.set(pid, tree);
  }

  #forget(pid: number, tree: WatchedTree): void {
    if (this.#owners.get(pid) === tree) this.#owners.delete(pid);
  }
}
