// A worker that systemd runs. Its unit's control group says which processes there are, at the cost of a small file; which of them is the main
// one, systemd itself is asked in the background, whenever they have changed.
import { CLOCK_TICKS_PER_SECOND } from "../boot.ts";
import { readLiveStat } from "../identify.ts";
import type { Incarnation } from "../incarnation.ts";
import type { ProcStat } from "../proc/stat.ts";
import { type Finder, foundRoot, type Look } from "./finder.ts";
import type { Located } from "./located.ts";
import type { ShowUnits, UnitState } from "./show-units.ts";
import type { UnitGroup, UnitGroups, UnitId } from "./unit-groups.ts";

interface Answer {
  /** The processes that it speaks of. */
  about: string;
  pids: ReadonlySet<number>;
  state: UnitState;
}

/** The units of all workers, asked for together. */
export class Units {
  readonly #groups: UnitGroups;
  readonly #show: ShowUnits;
  readonly #answers = new Map<string, Answer>();
  readonly #questions = new Map<string, { about: string; pids: ReadonlySet<number> }>();
  readonly #asked = new Map<string, string>();
  #asking: Promise<void> | undefined;
  #answered = 0;

  constructor(groups: UnitGroups, show: ShowUnits) {
    this.#groups = groups;
    this.#show = show;
  }

  /** Resolves when nothing is being asked, with how often systemd has answered. */
  async settled(): Promise<number> {
    await this.#asking;
    return this.#answered;
  }

  get answered(): number {
    return this.#answered;
  }

  group(unit: UnitId, look: Look): UnitGroup {
    return this.#groups.find(unit, look);
  }

  answer({ name, uid }: UnitId): Answer | undefined {
    return uid === undefined ? this.#answers.get(name) : undefined;
  }

  /** Asks once about the same processes, whatever the answer. A user's own service manager is not ours to ask. */
  ask({ name: unit, uid }: UnitId, about: string, pids: readonly number[]): void {
    if (uid !== undefined) return;
    if (this.#asked.get(unit) === about) return;
    this.#asked.set(unit, about);
    this.#questions.set(unit, { about, pids: new Set(pids) });
    this.#asking ??= this.#askAll().finally(() => {
      this.#asking = undefined;
    });
  }

  finder(unit: UnitId): Finder {
    return createFinder(unit, this);
  }

  async #askAll(): Promise<void> {
    // The others of this look come into the same question.
    await Promise.resolve();
    while (this.#questions.size > 0) {
      const questions = new Map(this.#questions);
      this.#questions.clear();
      const states = await this.#show([...questions.keys()]);
      for (const [unit, question] of questions) {
        const state = states?.get(unit);
        if (state !== undefined) {
          this.#answers.set(unit, { ...question, state });
          this.#answered++;
        } else {
          // Whoever still does not know may ask again.
          this.#asked.delete(unit);
        }
      }
    }
  }
}

function createFinder(unit: UnitId, units: Units): Finder {
  let seen: Answer | undefined;
  /** When the last root was seen alive: what is older than that and left over is not the next one. */
  let aliveTicks = 0;
  return {
    scans: false,
    locate: (look) => {
      const group = units.group(unit, look);
      if (group.kind === "unreadable") return { kind: "unknown", source: "cgroup" };
      if (group.kind === "absent") return { kind: "down" };
      seen = units.answer(unit);
      const located = locateIn(group, look, { unit, units, aliveTicks });
      return located.kind === "found" ? { ...located, group: group.directory } : located;
    },
    isStale: (root: Incarnation, look) => {
      aliveTicks = look.uptimeSeconds * CLOCK_TICKS_PER_SECOND;
      const answer = units.answer(unit);
      if (answer === seen || answer === undefined) return false;
      seen = answer;
      const { mainPid, activeState } = answer.state;
      return mainPid === undefined ? !isRunning(activeState) : mainPid !== root.pid;
    },
  };
}

function locateIn(
  { pids }: { pids: readonly number[] },
  look: Look,
  { unit, units, aliveTicks }: { unit: UnitId; units: Units; aliveTicks: number },
): Located {
  const living = new Map<number, ProcStat>();
  for (const pid of pids) {
    const stat = readLiveStat(pid, look.procRoot);
    if (stat !== undefined) living.set(pid, stat);
  }
  if (living.size === 0) {
    // Zombies, or processes that are kept from us: the group lists both.
    return look.isComplete ? { kind: "down" } : { kind: "unknown", source: "processes" };
  }
  const answer = units.answer(unit);
  const mainPid = answer?.state.mainPid;
  if (mainPid !== undefined && living.has(mainPid)) return foundRoot(mainPid, look);

  const about = [...living.values()].map(({ pid, startTicks }) => `${pid}@${startTicks}`).join(" ");
  const isAnswered = answer?.about === about && mainPid === undefined;
  if (isAnswered && !isRunning(answer.state.activeState)) return { kind: "down" };
  units.ask(unit, about, pids);
  // What is left over of a former main process is not the next one.
  const ruledOut = isAnswered ? NONE : (answer?.pids ?? NONE);
  const guess = oldestRoot(living, (it) => !ruledOut.has(it.pid) && (isAnswered || it.startTicks >= aliveTicks));
  return guess === undefined ? { kind: "unknown", source: "cgroup" } : foundRoot(guess.pid, look);
}

const NONE: ReadonlySet<number> = new Set();

/** With processes but no main one, only these states mean that the unit's work is being done. */
function isRunning(activeState: string): boolean {
  return activeState === "active" || activeState === "reloading";
}

function oldestRoot(living: ReadonlyMap<number, ProcStat>, isEligible: (it: ProcStat) => boolean) {
  const roots = [...living.values()].filter((it) => !living.has(it.ppid) && isEligible(it));
  return roots.sort((a, b) => a.startTicks - b.startTicks || a.pid - b.pid)[0];
}
