// Which incarnation of a supervised worker the run directory speaks of; a lost pid record is found again by its lock.

import { readBootId } from "../../worker/boot.ts";
import { type PidRecord, readPidRecord, writePidRecord } from "../../worker/files/pid-record.ts";
import { identify, isAlive, readLiveStat } from "../../worker/identify.ts";
import { type Incarnation, sameIncarnation } from "../../worker/incarnation.ts";
import { parseCmdline } from "../../worker/proc/cmdline.ts";
import { listPids } from "../../worker/proc/list-pids.ts";
import { errorCode, textOf } from "../../worker/proc/read-text.ts";
import { lockHolder } from "./lock-record.ts";

/** Where they stand in a shim's own arguments: sh, script, supervise, run directory, worker, start id. */
const SCRIPT_AT = 1;
const WORKER_AT = 4;
const START_ID_AT = 5;

/** The pid record, of a living incarnation or the last one; written again if it was lost while its worker runs. */
export function knownWorker(runDirectory: string, worker: string): PidRecord | undefined {
  const read = readPidRecord(runDirectory, worker);
  const recorded = read.kind === "ok" ? read.value : undefined;
  if (recorded !== undefined && isAlive(recorded.incarnation)) return recorded;

  const shim = lockHolder(runDirectory, worker);
  const found = shim === undefined ? undefined : childOf(shim, worker);
  if (found === undefined || sameIncarnation(found.incarnation, recorded?.incarnation)) return recorded;
  try {
    writePidRecord(runDirectory, found);
  } catch (error) {
    // A run directory that cannot be written is reported by whoever must write; what we found stays true.
    errorCode(error);
  }
  return found;
}

/**
 * The worker is the child that has a session of its own; the shim's other children are its short-lived helpers. One that is still about to
 * become the worker is not it yet: a signal that ended it now would leave no exit record.
 */
function childOf(shim: Incarnation, worker: string): PidRecord | undefined {
  const args = parseCmdline(textOf(`/proc/${shim.pid}/cmdline`) ?? "");
  const startId = args[START_ID_AT];
  if (args[WORKER_AT] !== worker || startId === undefined || shim.bootId !== readBootId()) return undefined;
  for (const pid of listPids() ?? []) {
    const stat = readLiveStat(pid);
    if (stat?.ppid !== shim.pid || stat.session !== pid || isBecoming(pid, args[SCRIPT_AT] ?? "", shim)) continue;
    const incarnation = identify(pid);
    if (incarnation !== undefined) return { version: 1, worker, incarnation, session: pid, startId };
  }
  return undefined;
}

/** Its command line is still the shim's: `… shim.sh become SHIM_PID …`. In the middle of an exec there is none. */
function isBecoming(pid: number, script: string, shim: Incarnation): boolean {
  const words = parseCmdline(textOf(`/proc/${pid}/cmdline`) ?? "");
  const at = words.indexOf(script);
  return words.length === 0 || (at !== -1 && words[at + 1] === "become" && words[at + 2] === String(shim.pid));
}
