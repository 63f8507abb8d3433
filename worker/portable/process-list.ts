// Every process, where there is no /proc: ps(1) takes a while, so a list serves for some seconds.
import { execFile } from "node:child_process";
import { parseCount } from "../proc/counts.ts";

export interface ListedProcess {
  pid: number;
  ppid: number;
  isZombie: boolean;
  uid: number;
  /** Untrusted text, as ps prints it: arguments joined by spaces. */
  commandLine: string;
}

const SERVES_MS = 5000;
const TIMEOUT_MS = 5000;
const MAX_BYTES = 64 * 1024 * 1024;

export interface ListSource {
  list: () => Promise<readonly ListedProcess[] | undefined>;
  nowMs: () => number;
}

/**
 * Undefined if ps could not be asked. By hand, because systeminformation's list leaves the arguments out of a command line that holds a
 * colon (`--url=http://…`): a worker would be taken for dead.
 */
export function listByPs(): Promise<readonly ListedProcess[] | undefined> {
  return new Promise((resolve) => {
    const args = ["-axww", "-o", "pid=,ppid=,stat=,uid=,command="];
    const options = { timeout: TIMEOUT_MS, maxBuffer: MAX_BYTES, env: { ...process.env, LC_ALL: "C" } };
    execFile("ps", args, options, (error, stdout) => {
      const processes = error === null ? parseProcessList(stdout) : [];
      // We ourselves are always among them.
      resolve(processes.some(({ pid }) => pid === process.pid) ? processes : undefined);
    });
  });
}

/** Source: ps(1). Lines that are malformed are left out. */
export function parseProcessList(text: string): ListedProcess[] {
  const processes: ListedProcess[] = [];
  for (const line of text.split("\n")) {
    const [, pidText, ppidText, stat = "", uidText, commandLine = ""] =
      /^ *([0-9]+) +([0-9]+) +([A-Za-z]\S*) +([0-9]+) (.*)$/.exec(line) ?? [];
    const [pid, ppid, uid] = [parseCount(pidText), parseCount(ppidText), parseCount(uidText)];
    if (pid === undefined || ppid === undefined || uid === undefined) continue;
    processes.push({ pid, ppid, isZombie: stat.startsWith("Z"), uid, commandLine: commandLine.trim() });
  }
  return processes;
}

export class ProcessList {
  readonly #source: ListSource;
  #processes: ReadonlyMap<number, ListedProcess> | undefined;
  #takenAtMs = Number.NEGATIVE_INFINITY;

  constructor(source: ListSource) {
    this.#source = source;
  }

  /** @param mustBeFresh whatever it costs. @returns undefined if there is none. */
  async get(mustBeFresh = false): Promise<ReadonlyMap<number, ListedProcess> | undefined> {
    if (!mustBeFresh && this.#source.nowMs() - this.#takenAtMs < SERVES_MS) return this.#processes;
    const processes = await this.#source.list();
    this.#processes = processes && new Map(processes.map((entry) => [entry.pid, entry]));
    this.#takenAtMs = this.#source.nowMs();
    return this.#processes;
  }
}

/** The root first; a process whose parents lead to it belongs to it. */
export function descendantsOf(root: number, processes: ReadonlyMap<number, ListedProcess>): number[] {
  const members = [root];
  const children = new Map<number, number[]>();
  for (const { pid, ppid, isZombie } of processes.values()) {
    if (isZombie || pid === ppid) continue;
    const siblings = children.get(ppid);
    if (siblings === undefined) children.set(ppid, [pid]);
    else siblings.push(pid);
  }
  for (const member of members) members.push(...(children.get(member) ?? []).filter((pid) => !members.includes(pid)));
  return members;
}
