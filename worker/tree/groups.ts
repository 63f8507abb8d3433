// Control groups that belong to one watched tree alone: who is in such a group is the tree's, whatever its parents and its session.
import { groupDirectories, parseCgroups } from "../proc/cgroup.ts";
import { textOf } from "../proc/read-text.ts";
import type { WatchedTree } from "./watched-tree.ts";

export class TreeGroups {
  readonly #procRoot: string;
  readonly #cgroupRoot: string;
  readonly #owners = new Map<string, WatchedTree>();

  constructor(procRoot: string, cgroupRoot: string) {
    this.#procRoot = procRoot;
    this.#cgroupRoot = cgroupRoot;
  }

  set(tree: WatchedTree, directory: string | undefined): void {
    if (tree.group === directory) return;
    this.remove(tree);
    tree.group = directory;
    if (directory !== undefined) this.#owners.set(directory, tree);
  }

  remove(tree: WatchedTree): void {
    if (tree.group !== undefined && this.#owners.get(tree.group) === tree) this.#owners.delete(tree.group);
  }

  /** The tree in whose group, or below it, this process is. Costs a read of its own, but only if there are groups at all. */
  ownerOf(pid: number): WatchedTree | undefined {
    if (this.#owners.size === 0) return undefined;
    const text = textOf(`${this.#procRoot}/${pid}/cgroup`);
    if (text === undefined) return undefined;
    for (const directory of Object.values(groupDirectories(parseCgroups(text), this.#cgroupRoot))) {
      if (directory === undefined || directory.endsWith("/.control")) continue;
      for (let at = directory; at.length > this.#cgroupRoot.length; at = at.slice(0, at.lastIndexOf("/"))) {
        const owner = this.#owners.get(at);
        if (owner !== undefined) return owner;
      }
    }
    return undefined;
  }
}
