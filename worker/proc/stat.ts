// /proc/<pid>/stat: who a process is, whose child, and whether it is still alive.
import { parseCount } from "./counts.ts";

export interface ProcStat {
  pid: number;
  /** The command name, at most 15 bytes, chosen by the process: untrusted text. */
  comm: string;
  state: string;
  ppid: number;
  processGroup: number;
  session: number;
  /** PF_… of the kernel. */
  flags: number;
  threads: number;
  /** Clock ticks since boot at which the process started. */
  startTicks: number;
}

/**
 * Source: proc_pid_stat(5), fields 1 to 6, 9, 20 and 22.
 * `comm` may hold spaces, newlines and ')', so counting starts after the last ')'.
 * @returns undefined if malformed, or cut short before the end of field 22.
 */
export function parseProcStat(text: string): ProcStat | undefined {
  const open = text.indexOf(" (");
  const close = text.lastIndexOf(") ");
  if (open === -1 || close < open + 2) return undefined;
  const fields = text.slice(close + 2).split(" ");
  // Field 23 must have begun, or the last digits of field 22 may be missing.
  if (fields.length < 21) return undefined;
  const pid = parseCount(text.slice(0, open));
  const state = fields[0];
  const ppid = parseCount(fields[1]);
  const processGroup = parseCount(fields[2]);
  const session = parseCount(fields[3]);
  const flags = parseCount(fields[6]);
  const threads = parseCount(fields[17]);
  const startTicks = parseCount(fields[19]);
  if (pid === undefined || state === undefined || !/^[A-Za-z]$/.test(state)) return undefined;
  if (ppid === undefined || processGroup === undefined || session === undefined) return undefined;
  if (flags === undefined || threads === undefined || startTicks === undefined) return undefined;
  return { pid, comm: text.slice(open + 2, close), state, ppid, processGroup, session, flags, threads, startTicks };
}

/** A zombie is dead, unless only its first thread has ended and others run on. */
export function isDead(stat: ProcStat): boolean {
  return stat.state === "X" || stat.state === "x" || (stat.state === "Z" && stat.threads <= 1);
}

/** Source: include/linux/sched.h */
const PF_KTHREAD = 0x200000;

export function isKernelThread({ flags }: Pick<ProcStat, "flags">): boolean {
  return (flags & PF_KTHREAD) !== 0;
}
