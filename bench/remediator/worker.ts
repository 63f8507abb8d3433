// The worker whose end is timed, and what its events file tells.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const LIMIT_MIB = 200;

let python: string | undefined;

/** The interpreter itself: a version manager's `python3` is a shell script, whose time would be counted as ours and the peers'. */
function interpreter(): string {
  python ??= execFileSync("python3", ["-c", "import sys; print(sys.executable)"], { encoding: "utf8" }).trim();
  return python;
}

export interface WorkerOptions {
  events: string;
  /** Seconds from its start to its leak, at least and at most. */
  wait?: readonly [number, number];
  limitMib?: number;
  untilMib?: number;
  pidfile?: string;
}

export function workerArgv({ events, wait, limitMib, untilMib, pidfile }: WorkerOptions): [string, ...string[]] {
  return [
    interpreter(),
    join(import.meta.dirname, "leaking_worker.py"),
    "--events",
    events,
    ...(wait === undefined ? [] : ["--wait", ...wait.map(String)]),
    ...(limitMib === undefined ? [] : ["--limit-mib", String(limitMib)]),
    ...(untilMib === undefined ? [] : ["--until-mib", String(untilMib)]),
    ...(pidfile === undefined ? [] : ["--pidfile", pidfile]),
  ];
}

export interface WorkerEvent {
  what: "start" | "crossed" | "signal";
  pid: number;
  /** On the clock of `process.hrtime`. */
  atMs: number;
}

export function eventsIn(file: string): WorkerEvent[] {
  let text = "";
  try {
    text = readFileSync(file, "utf8");
  } catch {
    // Its first process has not come so far.
  }
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [what, pid, at] = line.split(" ");
      return { what: what as WorkerEvent["what"], pid: Number(pid), atMs: Number(at) / 1e6 };
    });
}

/** Seconds from the moment at which the worker was over its limit. */
export interface Trial {
  toSignal: number;
  toReplacement: number;
}

/** The trials that are over: crossed, told to end, and another process runs. */
export function trialsIn(file: string): Trial[] {
  const events = eventsIn(file);
  return events.flatMap((crossed, index) => {
    if (crossed.what !== "crossed") return [];
    const later = events.slice(index + 1);
    const signal = later.find(({ what, pid }) => what === "signal" && pid === crossed.pid);
    const next = later.find(({ what }) => what === "start");
    if (signal === undefined || next === undefined) return [];
    return [{ toSignal: (signal.atMs - crossed.atMs) / 1000, toReplacement: (next.atMs - crossed.atMs) / 1000 }];
  });
}
