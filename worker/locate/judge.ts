// Every new process is judged once by all patterns that workers are recognised by; the patterns of one group share one set of candidates.
import { readLiveStat } from "../identify.ts";
import type { ProcessEntry, TableChange } from "../process-table.ts";
import { type Accepts, Candidates } from "./candidates.ts";
import { ProcessFacts } from "./process-facts.ts";

export class Judge {
  readonly #procRoot: string;
  /** pid → start ticks of ourselves and of those who started us: `pitcrew check 'train'` is no training job. */
  readonly #ourselves: ReadonlyMap<number, number>;
  readonly #sets = new Map<string, Candidates>();
  readonly #hidden = new Set<number>();

  constructor(procRoot: string) {
    this.#procRoot = procRoot;
    this.#ourselves = ourAncestors(procRoot);
  }

  /** The set of this key; a new one has yet to judge the processes that are known already. */
  candidates(key: string, accepts: Accepts): { candidates: Candidates; isNew: boolean } {
    const known = this.#sets.get(key);
    const candidates = known ?? new Candidates(accepts);
    this.#sets.set(key, candidates);
    return { candidates, isNew: known === undefined };
  }

  retain(keys: ReadonlySet<string>): void {
    for (const key of this.#sets.keys()) if (!keys.has(key)) this.#sets.delete(key);
  }

  apply({ fresh, goneOrDead }: Pick<TableChange, "fresh" | "goneOrDead">): void {
    for (const pid of goneOrDead) this.#forget(pid);
    if (this.#sets.size > 0) for (const entry of fresh) this.#judge(entry);
  }

  /** True if a process keeps its command line from us: what was not found may be that one. */
  get hasHidden(): boolean {
    return this.#hidden.size > 0;
  }

  #judge(entry: ProcessEntry): void {
    if (this.#ourselves.get(entry.pid) === entry.startTicks) return;
    const facts = new ProcessFacts(entry.pid, this.#procRoot);
    for (const candidates of this.#sets.values()) candidates.judge(entry, facts);
    if (facts.hasHidden) this.#hidden.add(entry.pid);
    else this.#hidden.delete(entry.pid);
  }

  #forget(pid: number): void {
    this.#hidden.delete(pid);
    for (const candidates of this.#sets.values()) candidates.forget(pid);
  }
}

function ourAncestors(procRoot: string): Map<number, number> {
  const ancestors = new Map<number, number>();
  let stat = readLiveStat(process.pid, procRoot);
  while (stat !== undefined && !ancestors.has(stat.pid)) {
    ancestors.set(stat.pid, stat.startTicks);
    stat = readLiveStat(stat.ppid, procRoot);
  }
  return ancestors;
}
