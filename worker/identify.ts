// From a pid to the incarnation behind it, and back: does this very process still live?
import { readBootId } from "./boot.ts";
import { type Incarnation, sameIncarnation } from "./incarnation.ts";
import { errorCode, readText } from "./proc/read-text.ts";
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
  const read = readStat(pid, procRoot);
  return read.kind === "alive" ? read.stat : undefined;
}

/** `gone`: a zombie too, and whatever the system hides as if it did not exist. */
export type StatRead = { kind: "alive"; stat: ProcStat } | { kind: "gone" } | { kind: "unreadable" };

export function readStat(pid: number, procRoot = "/proc"): StatRead {
  if (!Number.isSafeInteger(pid) || pid <= 0) return { kind: "gone" };
  const read = readText(`${procRoot}/${pid}/stat`);
  if (read.kind !== "ok") return { kind: read.kind };
  const stat = parseProcStat(read.text);
  if (stat === undefined || stat.pid !== pid) return { kind: "unreadable" };
  return isDead(stat) ? { kind: "gone" } : { kind: "alive", stat };
}

/** Whether a process that /proc does not show exists all the same (hidepid, ProtectProc=): kill(2) with no signal tells. */
export function isHidden(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === "EPERM";
  }
}
