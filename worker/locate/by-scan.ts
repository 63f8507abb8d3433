// Workers that are recognised among all processes, by their command line.
import type { Incarnation } from "../incarnation.ts";
import type { ProcessEntry } from "../process-table.ts";
import type { Accepts, Candidates } from "./candidates.ts";
import { type Finder, foundRoot, type Look, notFound } from "./finder.ts";
import type { Located } from "./located.ts";
import { Slots } from "./slots.ts";

/** @param uid undefined: anybody's process. */
export function acceptsCommandLine(pattern: RegExp, uid: number | undefined): Accepts {
  return (facts) => {
    const { commandLine } = facts;
    if (commandLine === undefined) return false;
    // A global or sticky pattern would remember where it stopped.
    pattern.lastIndex = 0;
    return pattern.test(commandLine) && (uid === undefined || facts.effectiveUid === uid);
  };
}

/** One worker, one root: two unrelated ones are ambiguous. */
export function findOnly(candidates: Candidates): Finder {
  let version: number | undefined;
  const roots = (look: Look) => {
    const found = candidates.roots(look);
    version = candidates.version;
    return found.length > 1 ? withoutOrphans(found, look) : found;
  };
  return {
    scans: true,
    locate: (look) => {
      const [root, ...more] = roots(look);
      return more.length > 0 ? { kind: "ambiguous", roots: more.length + 1 } : located(root, look);
    },
    isStale: (root, look) => {
      if (version === candidates.version) return false;
      const found = roots(look);
      return found.length !== 1 || !isSame(found[0], root);
    },
  };
}

/** The roots of one pattern, shared out among `count` workers. */
export class SlotBoard {
  readonly #candidates: Candidates;
  readonly #slots: Slots;
  #version: number | undefined;
  #look: Look | undefined;

  constructor(candidates: Candidates, count: number) {
    this.#candidates = candidates;
    this.#slots = new Slots(count);
  }

  finder(slot: number): Finder {
    return {
      scans: true,
      locate: (look) => {
        // Once per look, however many of the group are missing.
        if (this.#look !== look) this.#assign(look);
        return located(this.#slots.holder(slot), look);
      },
      isStale: (root, look) => {
        if (this.#version === this.#candidates.version) return false;
        this.#assign(look);
        return !isSame(this.#slots.holder(slot), root);
      },
    };
  }

  #assign(look: Look): void {
    this.#slots.assign(this.#candidates.roots(look));
    this.#version = this.#candidates.version;
    this.#look = look;
  }
}

/** Forked from the worker, so with its command line, and away from session and parent: what is left of the tie is the control group. */
function withoutOrphans(roots: readonly ProcessEntry[], look: Look): ProcessEntry[] {
  const pids = new Set(roots.map(({ pid }) => pid));
  return roots.filter((entry) => {
    const owner = look.groupRootOf(entry);
    return owner === undefined || owner === entry.pid || !pids.has(owner);
  });
}

function located(entry: ProcessEntry | undefined, look: Look): Located {
  return entry === undefined ? notFound(look) : foundRoot(entry.pid, look);
}

function isSame(entry: ProcessEntry | undefined, root: Incarnation): boolean {
  return entry?.pid === root.pid && entry.startTicks === root.startTicks;
}
