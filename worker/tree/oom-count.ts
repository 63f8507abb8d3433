// OOM kills of a worker over all its control groups: a group that is made anew counts from 0 again, the worker does not.
import type { CgroupFiles } from "./cgroup-files.ts";

export class OomCount {
  #former = 0;
  #last: number | undefined;
  #inode: number | undefined;

  /** Undefined as long as the worker has never had a readable group of its own. */
  get total(): number | undefined {
    return this.#last === undefined ? undefined : this.#former + this.#last;
  }

  read(files: CgroupFiles): void {
    const now = files.oomKills();
    if (now === undefined) return;
    const last = this.#last ?? 0;
    if (files.inode !== this.#inode || now < last) this.#former += last;
    this.#inode = files.inode;
    this.#last = now;
  }
}
