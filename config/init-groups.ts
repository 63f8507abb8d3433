// Running processes as workers: which belong together, what to call them, and by what to know them again.
import { basename, extname } from "node:path";
import { isWorkerName } from "../worker/name.ts";
import type { RunningProcess } from "./running-processes.ts";

export interface ProcessGroup {
  name: string;
  user: string | undefined;
  /** Matches exactly these of all the processes that were found. */
  pattern: string;
  /** Oldest first. */
  processes: readonly RunningProcess[];
}

const INTERPRETER = /^(python|pypy|node|nodejs|deno|bun|ruby|perl|php|java|julia|Rscript|bash|dash|zsh|ksh|sh)[0-9.]*$/;
/** What these options run is the next argument, and no file. */
const MODULE_OPTIONS = ["-m", "-jar"];

export function commandLine({ argv }: RunningProcess): string {
  return argv.join(" ");
}

/**
 * The processes that match, without the children of one that does, without pitcrew and without the one who asks: `self`
 * and its parents (shells, sudo) have the pattern in their own command lines.
 */
export function workersAmong(processes: readonly RunningProcess[], pattern: RegExp, selfPid: number): RunningProcess[] {
  const byPid = new Map(processes.map((found) => [found.pid, found]));
  const excluded = new Set(lineOf(byPid, selfPid).map(({ pid }) => pid));
  const matching = processes.filter(
    (found) => !excluded.has(found.pid) && !isPitcrew(found) && pattern.test(commandLine(found)),
  );
  const pids = new Set(matching.map(({ pid }) => pid));
  return matching
    .filter(({ parentPid }) => !lineOf(byPid, parentPid).some(({ pid }) => pids.has(pid)))
    .toSorted((a, b) => a.startTicks - b.startTicks || a.pid - b.pid);
}

/** A process and all that it descends from. */
function lineOf(byPid: ReadonlyMap<number, RunningProcess>, pid: number): RunningProcess[] {
  const line: RunningProcess[] = [];
  let next = byPid.get(pid);
  while (next !== undefined && !line.includes(next)) {
    line.push(next);
    next = byPid.get(next.parentPid);
  }
  return line;
}

function isPitcrew({ argv }: RunningProcess): boolean {
  return argv.some((argument) => /(^|\/)pitcrew(\.[jt]s)?$/.test(argument));
}

/**
 * One group per user and program.
 * @param asked the pattern that the processes were found by: kept if there is one group.
 * @param fitsPitcrew whether a pattern would match pitcrew itself.
 */
export function groupsOf(
  workers: readonly RunningProcess[],
  asked: string,
  fitsPitcrew: (pattern: string) => boolean,
): ProcessGroup[] {
  const byProgram = new Map<string, RunningProcess[]>();
  for (const found of workers) {
    const key = `${found.user ?? ""}\0${programOf(found.argv).token}`;
    byProgram.set(key, [...(byProgram.get(key) ?? []), found]);
  }
  const taken = new Set<string>();
  return [...byProgram.values()].map((processes) => {
    const [first] = processes;
    const program = programOf(first?.argv ?? []);
    const lines = [...new Set(processes.map(commandLine))];
    const candidates = byProgram.size === 1 ? [asked, program.pattern] : [program.pattern];
    const exact = `^(${lines.map(escaped).join("|")})$`;
    const pattern = candidates.find((candidate) => fitsOnly(candidate, processes, workers) && !fitsPitcrew(candidate));
    const name = freeName(program.name, first?.user, taken);
    taken.add(name);
    return { name, user: first?.user, pattern: pattern ?? exact, processes };
  });
}

function fitsOnly(pattern: string, own: readonly RunningProcess[], all: readonly RunningProcess[]): boolean {
  const regexp = new RegExp(pattern);
  const user = own[0]?.user;
  const rivals = all.filter((found) => found.user === user && !own.includes(found));
  return (
    own.every((found) => regexp.test(commandLine(found))) && !rivals.some((found) => regexp.test(commandLine(found)))
  );
}

interface Program {
  /** Equal for processes of one program. */
  token: string;
  name: string;
  pattern: string;
}

function programOf(argv: readonly string[]): Program {
  const [first = "", ...rest] = argv;
  const script = INTERPRETER.test(basename(first)) ? scriptOf(rest) : undefined;
  const token = script ?? first;
  const own = token.startsWith("-") ? (token.split(" ").at(-1) ?? token) : basename(token);
  return { token, name: own.slice(0, own.length - extname(own).length) || own, pattern: `(^| )${escaped(token)}( |$)` };
}

/** The script that an interpreter runs; undefined if its code stands on the command line. */
function scriptOf(args: readonly string[]): string | undefined {
  const option = args.findIndex((argument) => MODULE_OPTIONS.includes(argument));
  const plain = args.filter((argument) => !argument.startsWith("-"));
  const script = plain.find((argument) => /^[^\s=]*[^\s=/]\.[A-Za-z]{1,4}$|^\.{0,2}\//.test(argument));
  const module = args[option + 1];
  if (option >= 0 && module !== undefined && (script === undefined || args.indexOf(script) > option)) {
    return `${args[option]} ${module}`;
  }
  return args.some((argument) => argument === "-c" || argument === "-e") ? undefined : (script ?? plain[0]);
}

function freeName(wish: string, user: string | undefined, taken: ReadonlySet<string>): string {
  const plain = asName(wish);
  const candidates = [plain, ...(user === undefined ? [] : [asName(`${plain}-${user}`)])];
  const free = candidates.find((candidate) => !taken.has(candidate));
  if (free !== undefined) return free;
  for (let number = 2; ; number++) {
    if (!taken.has(`${plain}-${number}`)) return `${plain}-${number}`;
  }
}

/** Short enough for `-<count>` and a user's name behind it. */
function asName(text: string): string {
  const name = text
    .toLowerCase()
    .replace(/[^a-z0-9_.-]+/g, "-")
    .replace(/^[^a-z0-9]+/, "")
    .slice(0, 48)
    .replace(/[^a-z0-9]+$/, "");
  return isWorkerName(name) ? name : "worker";
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
