// What is known of every process, kept from look to look: only new processes are read, the others cost a name in a directory.
import { CLOCK_TICKS_PER_SECOND } from "./boot.ts";
import { lastCreatedPid, listPids } from "./proc/list-pids.ts";
import { readText } from "./proc/read-text.ts";
import { isDead, parseProcStat } from "./proc/stat.ts";

export interface ProcessEntry {
  pid: number;
  startTicks: number;
  /** As of the last reading: a process whose parent has died since has another one. */
  ppid: number;
  session: number;
  comm: string;
  /** False in its first moments, when it may still be about to exec. */
  isSettled: boolean;
}

export interface TableChange {
  /** False if /proc could not be listed, or hides other users' processes (hidepid): absence then proves nothing. */
  isComplete: boolean;
  /** New, or changed (exec), or so young that it may be about to exec: to be judged (again). */
  fresh: readonly ProcessEntry[];
  goneOrDead: readonly number[];
  /** A pid was found to be another process than before: who descends from whom must be looked at afresh. */
  hasReplaced: boolean;
}

export interface RefreshOptions {
  uptimeSeconds: number;
  /** List even if no process was created since: something is being looked for. */
  mustList: boolean;
  /** Read every process again, known or not. */
  rereadAll?: boolean;
}

interface Known extends ProcessEntry {
  isDead: boolean;
  generation: number;
}

/** Between fork and exec a process shows its parent's command line; launchers exec several times. Then it settles. */
const SETTLED_SECONDS = 2;

/** Each listing reads one in so many known processes again, for late execs and reused pids. */
const ROTATION = 16;

export class ProcessTable {
  readonly #procRoot: string;
  readonly #known = new Map<number, Known>();
  readonly #unsettled = new Set<number>();
  #generation = 0;
  #isComplete = false;
  #lastCreated: number | undefined;

  constructor(procRoot: string) {
    this.#procRoot = procRoot;
  }

  get(pid: number): ProcessEntry | undefined {
    const known = this.#known.get(pid);
    return known?.isDead === false ? known : undefined;
  }

  /** The living. */
  *entries(): Iterable<ProcessEntry> {
    for (const known of this.#known.values()) if (!known.isDead) yield known;
  }

  refresh({ uptimeSeconds, mustList, rereadAll = false }: RefreshOptions): TableChange {
    // Read before the list, so that what is created in between is noticed next time.
    // Of another pid namespace's /proc (a host's, mounted in a container) this file would speak of the wrong processes.
    const lastCreated = this.#procRoot === "/proc" ? lastCreatedPid() : undefined;
    const isUnchanged = lastCreated !== undefined && lastCreated === this.#lastCreated && this.#unsettled.size === 0;
    if (isUnchanged && !mustList && !rereadAll) {
      return { isComplete: this.#isComplete, fresh: [], goneOrDead: [], hasReplaced: false };
    }
    const pids = listPids(this.#procRoot);
    this.#lastCreated = pids === undefined ? undefined : lastCreated;
    // Everybody sees pid 1, unless processes of others are hidden.
    this.#isComplete = pids?.includes(1) ?? false;
    if (pids === undefined) return { isComplete: false, fresh: [], goneOrDead: [], hasReplaced: false };
    const change = this.#update(pids, uptimeSeconds, rereadAll);
    return { isComplete: this.#isComplete, ...change };
  }

  #update(pids: readonly number[], uptimeSeconds: number, rereadAll: boolean): Omit<TableChange, "isComplete"> {
    const generation = ++this.#generation;
    const fresh: ProcessEntry[] = [];
    const goneOrDead: number[] = [];
    let hasReplaced = false;
    for (const pid of pids) {
      const before = this.#known.get(pid);
      const isDue =
        rereadAll || before === undefined || this.#unsettled.has(pid) || pid % ROTATION === generation % ROTATION;
      if (!isDue) {
        before.generation = generation;
        continue;
      }
      const now = this.#read(pid, generation, uptimeSeconds);
      // Gone since the list was made: the sweep below forgets it.
      if (now === undefined) continue;
      this.#known.set(pid, now);
      const isReplaced = before !== undefined && before.startTicks !== now.startTicks;
      hasReplaced ||= isReplaced;
      if (isReplaced || (now.isDead && before?.isDead === false)) goneOrDead.push(pid);
      const isFresh = before === undefined || isReplaced || before.comm !== now.comm || this.#unsettled.has(pid);
      if (now.isSettled || now.isDead) this.#unsettled.delete(pid);
      else this.#unsettled.add(pid);
      if (isFresh && !now.isDead) fresh.push(now);
    }
    goneOrDead.push(...this.#sweep(generation));
    return { fresh, goneOrDead, hasReplaced };
  }

  #read(pid: number, generation: number, uptimeSeconds: number): Known | undefined {
    const read = readText(`${this.#procRoot}/${pid}/stat`);
    // Listed, but kept from us (hidepid=1): it could be anybody.
    if (read.kind === "unreadable") this.#isComplete = false;
    const stat = read.kind === "ok" ? parseProcStat(read.text) : undefined;
    if (stat === undefined || stat.pid !== pid) return undefined;
    const { startTicks, ppid, session, comm } = stat;
    const isSettled = uptimeSeconds - startTicks / CLOCK_TICKS_PER_SECOND >= SETTLED_SECONDS;
    return { pid, startTicks, ppid, session, comm, isSettled, isDead: isDead(stat), generation };
  }

  #sweep(generation: number): number[] {
    const gone: number[] = [];
    for (const [pid, known] of this.#known) {
      if (known.generation === generation) continue;
      this.#known.delete(pid);
      this.#unsettled.delete(pid);
      gone.push(pid);
    }
    return gone;
  }
}
