// One way of finding a worker's root process. A finder is asked when there is none, and again only when its answer may have changed.

import { isHidden, readStat } from "../identify.ts";
import type { Incarnation } from "../incarnation.ts";
import { isKernelThread, type ProcStat } from "../proc/stat.ts";
import type { Surroundings } from "./candidates.ts";
import type { Located } from "./located.ts";

/** What a finder may use during one look at the machine. */
export interface Look extends Surroundings {
  bootId: string;
  uptimeSeconds: number;
  /** Unix time at which the machine started. */
  bootTimeSeconds: number;
  /** False: some processes are hidden, so that one which is not found may still exist. */
  isComplete: boolean;
}

export interface Finder {
  /** True if it finds by looking through all processes. */
  readonly scans: boolean;
  locate(look: Look): Located;
  /** True if `locate` could give another answer than this living root. */
  isStale(root: Incarnation, look: Look): boolean;
}

/** The living process with this pid, as a root. */
export function foundRoot(pid: number, look: Look, session?: number): Located {
  const read = readStat(pid, look.procRoot);
  if (read.kind === "unreadable") return { kind: "unknown", source: "stat" };
  if (read.kind === "gone") {
    const mayLive = !look.isComplete && (look.procRoot !== "/proc" || isHidden(pid));
    return mayLive ? { kind: "unknown", source: "processes" } : { kind: "down" };
  }
  const { stat } = read;
  // Nobody's worker: a pid that was written down in another namespace, or before the machine was booted anew.
  if (isKernelThread(stat)) return { kind: "unknown", source: "stat" };
  const root = { bootId: look.bootId, pid, startTicks: stat.startTicks };
  return { kind: "found", root, session: ownSession(stat, session) };
}

export function notFound(look: Look): Located {
  return look.isComplete ? { kind: "down" } : { kind: "unknown", source: "processes" };
}

/** The given session, if the root belongs to it or to its leader; else the one that the root leads itself. */
function ownSession({ pid, ppid, session }: ProcStat, given: number | undefined): number | undefined {
  if (given !== undefined && given > 1 && (session === given || ppid === given)) return given;
  return session === pid ? session : undefined;
}
