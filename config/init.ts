// `pitcrew init --match REGEX`: the first pitcrew.yml, from the processes that run now.
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { groupsOf, workersAmong } from "./init-groups.ts";
import { configText, processText } from "./init-text.ts";
import { printable } from "./problem.ts";
import { listRunningProcesses, type RunningProcess } from "./running-processes.ts";
import { matchesPitcrew } from "./self.ts";

export interface InitOptions {
  /** A regular expression on the command line, its arguments joined by single spaces. */
  match: string;
  file: string;
  /** Overwrite. */
  force?: boolean;
}

export interface InitDeps {
  listProcesses(): readonly RunningProcess[];
  out(line: string): void;
  err(line: string): void;
  isRoot: boolean;
  selfPid: number;
}

export type InitDepsGiven = Pick<InitDeps, "out" | "err"> & Partial<InitDeps>;

/** @returns the exit code: 0 written, 1 nothing found or not written, 2 not a regular expression. */
export function init(options: InitOptions, given: InitDepsGiven): number {
  const deps: InitDeps = {
    listProcesses: listRunningProcesses,
    isRoot: process.getuid?.() === 0,
    selfPid: process.pid,
    ...given,
  };
  const { match, file, force = false } = options;
  const pattern = compiled(match);
  if (pattern === undefined || match.trim() === "") {
    deps.err(
      `--match ${JSON.stringify(match)} is not a regular expression: write a part of the command line, such as 'train\\.py'`,
    );
    return 2;
  }
  const workers = workersAmong(deps.listProcesses(), pattern, deps.selfPid);
  if (workers.length === 0) {
    deps.err(
      printable(
        `no running process matches ${match}: start the workers first, or look for their command line with ps -ef`,
      ),
    );
    return 1;
  }
  const groups = groupsOf(workers, match, (candidate) => matchesPitcrew(new RegExp(candidate), file) !== undefined);
  const failure = write(file, configText(groups, match, deps.isRoot), force);
  if (failure !== undefined) {
    deps.err(failure);
    return 1;
  }
  for (const { name, processes } of groups) {
    const count = processes.length;
    deps.out(count === 1 ? `worker ${name}:` : `workers ${name}-1 to ${name}-${count}:`);
    for (const found of processes) deps.out(`  ${processText(found)}`);
  }
  deps.out(`wrote ${file}: these are observed, never touched; next: pitcrew check --config.file ${file}`);
  return 0;
}

function compiled(match: string): RegExp | undefined {
  try {
    return new RegExp(match);
  } catch {
    return undefined;
  }
}

/** @returns why it was not written. */
function write(file: string, text: string, force: boolean): string | undefined {
  try {
    writeFileSync(resolve(file), text, { flag: force ? "w" : "wx", mode: 0o644 });
    return undefined;
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    if (code === "EEXIST") return `${file} exists: nothing was written; --force overwrites it`;
    return `${file} cannot be written (${code}): name another file with --config.file`;
  }
}
