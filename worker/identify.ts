// From a pid to the incarnation behind it, and back: does this very process still live?
import { readBootId } from "./boot.ts";
import { type Incarnation, sameIncarnation } from "./incarnation.ts";
import { textOf } from "./proc/read-text.ts";
import { isDead, type ProcStat, parseProcStat } from "./proc/stat.ts";

/** @returns undefined if the process is gone, a zombie, or unreadable. */
export function identify(pid: number, procRoot = "/proc"): Incarnation | undefined {
  const stat = readLiveStat(pid, procRoot);
  const bootId = stat === undefined ? undefined : readBootId(procRoot);
  return stat === undefined || bootId === undefined ? undefined : { bootId, pid, startTicks: stat.startTicks };
}

/** Zombies are dead, and so is a process whose pid now belongs to another one. */
export function isAlive(incarnation: Incarnation, procRoot = "/proc"): boolean {
  return sameIncarnation(identify(incarnation.pid, procRoot), incarnation);
}

/** The stat of a living process; undefined if it is gone, a zombie, or unreadable. */
export function readLiveStat(pid: number, procRoot = "/proc"): ProcStat | undefined {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  const text = textOf(`${procRoot}/${pid}/stat`);
  const stat = text === undefined ? undefined : parseProcStat(text);
  return stat === undefined || stat.pid !== pid || isDead(stat) ? undefined : stat;
}
