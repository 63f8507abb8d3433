// The processes that answer to one pattern, kept from look to look; the roots among them are the workers.
import { readLiveStat } from "../identify.ts";
import type { ProcessEntry } from "../process-table.ts";
import type { ProcessFacts } from "./process-facts.ts";

export type Accepts = (facts: ProcessFacts) => boolean;

export interface Surroundings {
  procRoot: string;
  lookUp: (pid: number) => ProcessEntry | undefined;
  /** The root's pid of the watched tree that this process is known to belong to. */
  treeRootOf: (entry: ProcessEntry) => number | undefined;
  /** The same by its control group, which is that tree's alone: so for a process that is new, and that nobody's parent leads to. */
  groupRootOf: (entry: ProcessEntry) => number | undefined;
}

const MAX_DEPTH = 64;

export class Candidates {
  readonly #accepts: Accepts;
  readonly #accepted = new Map<number, ProcessEntry>();
  #version = 0;

  constructor(accepts: Accepts) {
    this.#accepts = accepts;
  }

  /** Grows whenever the set changes: as long as it stands still, so do the roots. */
  get version(): number {
    return this.#version;
  }

  /** Once accepted for good, a process stays accepted for life: many rewrite their command line while they work. */
  judge(entry: ProcessEntry, facts: ProcessFacts): void {
    const known = this.#accepted.get(entry.pid);
    if (known?.startTicks === entry.startTicks && known.isSettled) return;
    const isAccepted = this.#accepts(facts);
    if (isAccepted) this.#accepted.set(entry.pid, entry);
    else this.#accepted.delete(entry.pid);
    const isNews = isAccepted ? known?.startTicks !== entry.startTicks : known !== undefined;
    if (isNews) this.#version++;
  }

  forget(pid: number): void {
    if (this.#accepted.delete(pid)) this.#version++;
  }

  /** The living ones that are not inside of another one's tree, oldest first. */
  roots(surroundings: Surroundings): ProcessEntry[] {
    const living = new Map<number, ProcessEntry>();
    for (const [pid, entry] of this.#accepted) {
      // Read again: the parent may have died since, and another one is its parent now.
      const stat = readLiveStat(pid, surroundings.procRoot);
      if (stat?.startTicks === entry.startTicks) living.set(pid, { ...entry, ppid: stat.ppid, session: stat.session });
      else this.forget(pid);
    }
    return [...living.values()]
      .filter((entry) => !isInside(entry, living, surroundings))
      .sort((a, b) => a.startTicks - b.startTicks || a.pid - b.pid);
  }
}

function isInside(
  entry: ProcessEntry,
  others: ReadonlyMap<number, ProcessEntry>,
  { lookUp, treeRootOf }: Surroundings,
): boolean {
  const isOther = (pid: number | undefined) => pid !== undefined && pid !== entry.pid && others.has(pid);
  if (isOther(entry.session) || isOther(treeRootOf(entry))) return true;
  let at: ProcessEntry | undefined = entry;
  for (let depth = 0; at !== undefined && depth < MAX_DEPTH; depth++) {
    if (isOther(at.ppid)) return true;
    at = lookUp(at.ppid);
  }
  return false;
}
