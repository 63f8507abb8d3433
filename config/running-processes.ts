// The processes that run now, for `pitcrew init`: read once, without keeping anything open.
import { readdirSync } from "node:fs";
import { parseCmdline } from "../worker/proc/cmdline.ts";
import { parseStatm } from "../worker/proc/figures.ts";
import { pageSizeBytes } from "../worker/proc/page-size.ts";
import { textOf } from "../worker/proc/read-text.ts";
import { isDead, parseProcStat } from "../worker/proc/stat.ts";
import { parseStatus } from "../worker/proc/status.ts";
import { findUser } from "../worker/users.ts";

export interface RunningProcess {
  pid: number;
  parentPid: number;
  startTicks: number;
  /** Its name; its number if it has none. Undefined if unreadable. */
  user: string | undefined;
  /** Never empty: kernel threads and zombies are left out. Untrusted text. */
  argv: readonly string[];
  residentBytes: number | undefined;
}

export function listRunningProcesses(procRoot = "/proc"): RunningProcess[] {
  const names = new Map<number, string>();
  const nameOf = (uid: number): string => {
    const name = names.get(uid) ?? findUser(String(uid))?.name ?? String(uid);
    names.set(uid, name);
    return name;
  };
  return readdirSync(procRoot)
    .filter((name) => /^[0-9]+$/.test(name))
    .map((name) => readProcess(`${procRoot}/${name}`, nameOf))
    .filter((found) => found !== undefined);
}

/** Undefined for a process that ended in the meantime. */
function readProcess(folder: string, nameOf: (uid: number) => string): RunningProcess | undefined {
  const argv = parseCmdline(textOf(`${folder}/cmdline`) ?? "");
  const stat = parseProcStat(textOf(`${folder}/stat`) ?? "");
  if (argv.length === 0 || stat === undefined || isDead(stat)) return undefined;
  const uid = parseStatus(textOf(`${folder}/status`) ?? "")?.effectiveUid;
  const pages = parseStatm(textOf(`${folder}/statm`) ?? "")?.residentPages;
  const pageBytes = pageSizeBytes();
  return {
    pid: stat.pid,
    parentPid: stat.ppid,
    startTicks: stat.startTicks,
    user: uid === undefined ? undefined : nameOf(uid),
    argv,
    residentBytes: pages === undefined || pageBytes === undefined ? undefined : pages * pageBytes,
  };
}
