#!/usr/bin/env node
// The executable's entry: reads the command line and dispatches. What a command does lives in the room that it speaks of.
import { parseArgs } from "node:util";
import { COMMANDS, type CommandSpec } from "./commands.ts";
import { ConfigError, formatProblem } from "./config/problem.ts";
import { keepHeapSmall } from "./daemon/heap.ts";
import { commandHelp, generalHelp } from "./help.ts";

const DONE = 0;
const FAILED = 1;
const USAGE = 2;

process.stdout.on("error", onStdoutError);
process.exitCode = await run(process.argv.slice(2));

async function run(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === "help" || name === "--help" || name === "-h") {
    process.stdout.write(generalHelp());
    return name === undefined ? USAGE : DONE;
  }
  if (name === "--version") {
    const { readBuildInfo } = await import("./daemon/version.ts");
    const { version, revision } = readBuildInfo();
    process.stdout.write(`pitcrew ${version} (${revision})\n`);
    return DONE;
  }
  const command = COMMANDS.find((candidate) => candidate.name === name);
  if (command === undefined) return usage(`there is no command ${JSON.stringify(name)}: pitcrew --help lists them`);
  return dispatch(command, rest);
}

async function dispatch(command: CommandSpec, argv: readonly string[]): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options: command.options,
      allowPositionals: true,
      strict: true,
    });
    if (values.help === true) {
      process.stdout.write(commandHelp(command));
      return DONE;
    }
    if (values.version === true) return await run(["--version"]);
    const { least, most, what } = command.positionals;
    if (positionals.length < least || positionals.length > most)
      return usage(`pitcrew ${command.name} takes ${what}: pitcrew ${command.name} --help`);
    if (command.daemon) keepHeapSmall();
    const exitCode = await command.run(values, positionals);
    // A daemon's work may be unfinished on purpose (a second Ctrl-C): what it returned is final.
    if (command.daemon) process.exit(exitCode);
    return exitCode;
  } catch (cause) {
    return explain(command, cause);
  }
}

function explain(command: CommandSpec, cause: unknown): number {
  if (cause instanceof ConfigError) {
    for (const problem of cause.problems) process.stderr.write(`${formatProblem(problem)}\n`);
    return USAGE;
  }
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code?.startsWith("ERR_PARSE_ARGS") === true || code === "usage")
    return usage(`${message.split(". To specify")[0]}: pitcrew ${command.name} --help`);
  process.stderr.write(`pitcrew: ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}\n`);
  return FAILED;
}

/** `pitcrew history | head`: who has read enough, has what he wanted. A daemon goes on without its reader: its workers matter more. */
function onStdoutError(error: NodeJS.ErrnoException): void {
  if (COMMANDS.find(({ name }) => name === process.argv[2])?.daemon === true) return;
  if (error.code !== "EPIPE") process.stderr.write(`pitcrew: the output could not be written (${error.code})\n`);
  process.exit(error.code === "EPIPE" ? DONE : FAILED);
}

function usage(message: string): number {
  process.stderr.write(`pitcrew: ${message}\n`);
  return USAGE;
}
