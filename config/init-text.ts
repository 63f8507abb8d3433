// The text of a new pitcrew.yml: as few keys as will do, and beside them what to write next.
import { join } from "node:path";
import { commandLine, type ProcessGroup } from "./init-groups.ts";
import { packageRoot } from "./package-root.ts";
import { printable } from "./problem.ts";
import type { RunningProcess } from "./running-processes.ts";
import { formatSize } from "./units/size.ts";

const MAX_COMMAND = 120;

export function configText(groups: readonly ProcessGroup[], asked: string, isRoot: boolean): string {
  const schema = join(packageRoot(), "config", "pitcrew.schema.json");
  const lines = [
    `# yaml-language-server: $schema=${schema}`,
    `# Written by pitcrew init --match ${printable(asked)}`,
    "# These workers are observed: measured and alerted on, never touched. All keys are explained in the package's",
    "# config/example.yml; after a change, `pitcrew check` says what is wrong and what the rules would do.",
    "",
    ...(isRoot ? [] : OWN_DIRECTORIES),
    "workers:",
    ...groups.flatMap((group) => groupLines(group, isRoot)),
  ];
  return `${lines.join("\n")}\n`;
}

/** The defaults belong to root. */
const OWN_DIRECTORIES = [
  "# Beside this file, since pitcrew does not run as root:",
  "run_directory: .pitcrew/run",
  "state_directory: .pitcrew/state",
  "log_directory: .pitcrew/log",
  "",
];

function groupLines({ name, user, pattern, processes }: ProcessGroup, isRoot: boolean): string[] {
  const sizes = processes.map(({ residentBytes }) => residentBytes ?? 0);
  const largest = Math.max(...sizes);
  const match = [`cmdline: ${quoted(pattern)}`, ...(user === undefined ? [] : [`user: ${quoted(user)}`])];
  return [
    ...processes.map((found) => `  # ${processText(found)}`),
    `  - name: ${quoted(name)}`,
    ...(processes.length > 1 ? [`    count: ${processes.length}`] : []),
    "    manager: observe  # to have it renewed: `command`, with start:, or `supervised`, with command: instead of match:",
    ...(user === undefined && isRoot
      ? ["    # Its user could not be read; pitcrew as root needs user: in match."]
      : []),
    `    match: {${match.join(", ")}}`,
    "    # limits:",
    `    #   memory: ${limitText(largest)}  # alert above; ${largest > 0 ? `the largest has ${formatSize(largest)} now` : "none was readable"}`,
    "    #   age: 24h  # alert when older",
  ];
}

/** One line, whatever the process calls itself. */
export function processText(found: RunningProcess): string {
  const command = printable(commandLine(found));
  const short = command.length > MAX_COMMAND ? `${command.slice(0, MAX_COMMAND - 1)}…` : command;
  const memory = found.residentBytes === undefined ? "memory unreadable" : formatSize(found.residentBytes);
  return `pid ${found.pid}, ${memory}: ${short}`;
}

/** Twice what it has now, as a round number: a place to begin. */
function limitText(bytes: number): string {
  const mebibytes = 2 ** Math.ceil(Math.log2(Math.max(64 * 1024 ** 2, 2 * bytes) / 1024 ** 2));
  return mebibytes >= 1024 ? `${mebibytes / 1024}GiB` : `${mebibytes}MiB`;
}

/** YAML reads a single-quoted text as it stands; control characters need the other quotes. */
function quoted(text: string): string {
  if (/^[a-z][a-z0-9_-]*$/.test(text) && !["true", "false", "null"].includes(text)) return text;
  return printable(text) === text ? `'${text.replaceAll("'", "''")}'` : JSON.stringify(text);
}
