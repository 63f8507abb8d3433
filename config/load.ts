// pitcrew.yml → Config, or every problem of the file at once.
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, resolve } from "node:path";
import { installedUnit } from "../worker/unit.ts";
import { checkAges } from "./checks/ages.ts";
import type { Check, CheckContext } from "./checks/check-context.ts";
import { checkCommands } from "./checks/commands.ts";
import { checkLimits } from "./checks/limits.ts";
import { checkLocators } from "./checks/locators.ts";
import { checkNames } from "./checks/names.ts";
import { checkRemediator } from "./checks/remediator.ts";
import type { Config } from "./config.ts";
import { ConfigError, type ConfigProblem, fileProblem } from "./problem.ts";
import { productOf } from "./product.ts";
import { ConfigFile } from "./schema/file.ts";
import { inspect } from "./schema/inspect.ts";
import { type Found, pathText } from "./source/found.ts";
import { readSource, type SourceDocument } from "./source/source-document.ts";

export interface LoadDeps {
  /** Root sees and stops everybody's processes, so more must be written. */
  isRoot: boolean;
  /** The `host` of a file that names none. */
  hostname: () => string;
  /** The systemd unit of a supervised worker, if it has one. */
  installedUnit: (worker: string) => string | undefined;
}

const CHECKS: readonly Check[] = [checkNames, checkCommands, checkLocators, checkLimits, checkAges, checkRemediator];
const MAX_FILE_BYTES = 1024 * 1024;

/** @throws ConfigError with all problems of the file, in the order of their lines. */
export function loadConfig(file: string, deps: Partial<LoadDeps> = {}): Config {
  const {
    isRoot = process.getuid?.() === 0,
    hostname: hostnameOf = hostname,
    installedUnit: unitOf = installedUnit,
  } = deps;
  const { text, problems } = readConfigFile(file, isRoot);
  const source = readSource(text);
  const { draft, whole, found: misread } = inspect(ConfigFile, source.value ?? undefined);
  const found: Found[] = [...misread];
  if (draft !== undefined) {
    const context: CheckContext = {
      file,
      isRoot,
      isWritten: (path) => source.isWritten(path),
      lineOf: (path) => source.position(path, "value").line,
    };
    for (const check of CHECKS) found.push(...check(draft, context));
  }
  problems.push(...placed(file, source, found));
  if (problems.length > 0 || whole === undefined) throw new ConfigError("invalid", problems);
  return productOf(whole, resolve(file), {
    folder: dirname(resolve(file)),
    hostname: hostnameOf(),
    installedUnit: unitOf,
  });
}

function placed(file: string, source: SourceDocument, found: readonly Found[]): ConfigProblem[] {
  const [broken] = source.syntaxProblems;
  const problems = [...source.syntaxProblems, ...source.duplicateKeys].map(({ line, column, path, message }) => ({
    file,
    line,
    column,
    path: pathText(path),
    message,
  }));
  for (const { path, message, part, absence } of found) {
    const at = source.position(path, part);
    // What stands behind a syntax error, or seems to be missing, may be there and only have been misread.
    const doubtful = broken !== undefined && (absence === true || at.line >= broken.line);
    if (!doubtful) problems.push({ file, ...at, path: pathText(path), message });
  }
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
}

/** The permissions are those of the opened file: what was checked is what is read. */
function readConfigFile(file: string, isRoot: boolean): { text: string; problems: ConfigProblem[] } {
  let descriptor: number | undefined;
  try {
    // A FIFO without a writer would block the open for ever.
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) throw unreadable(file, "is not a regular file: name a YAML file");
    if (stats.size > MAX_FILE_BYTES) throw unreadable(file, "is larger than 1 MiB: name a pitcrew.yml");
    const open = isRoot && (stats.mode & 0o022) !== 0;
    const message = `can be written by ${(stats.mode & 0o002) === 0 ? "its group" : "everybody"}, and pitcrew runs as root: chmod go-w ${file}`;
    return { text: readFileSync(descriptor, "utf8"), problems: open ? [fileProblem(file, message)] : [] };
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    throw openFailed(file, cause);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function unreadable(file: string, message: string): ConfigError {
  return new ConfigError("unreadable", [fileProblem(file, message)]);
}

function openFailed(file: string, cause: unknown): ConfigError {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
  if (code === "ENOENT" || code === "ENOTDIR") {
    const message = "does not exist: write it with pitcrew init --match REGEX, or name another with --config.file";
    return new ConfigError("not_found", [fileProblem(file, message)], { cause });
  }
  const message = `cannot be read (${code}): let the user that runs pitcrew read it`;
  return new ConfigError("unreadable", [fileProblem(file, message)], { cause });
}
