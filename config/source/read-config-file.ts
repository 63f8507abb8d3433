// A file of configuration as text: regular, of a sane size, and, for root, nobody else's to write.
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { ConfigError, type ConfigProblem, fileProblem } from "../problem.ts";

const MAX_FILE_BYTES = 1024 * 1024;

/**
 * The permissions are those of the opened file: what was checked is what is read.
 * @param isRoot root reads no file that others may write: that is a problem, not an exception
 * @param absent what to do where the file does not exist
 * @throws ConfigError
 */
export function readConfigFile(
  file: string,
  isRoot: boolean,
  absent: string,
): { text: string; problems: ConfigProblem[] } {
  let descriptor: number | undefined;
  try {
    // A FIFO without a writer would block the open for ever.
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) throw unreadable(file, "is not a regular file: name a YAML file");
    if (stats.size > MAX_FILE_BYTES) throw unreadable(file, "is larger than 1 MiB: name another file");
    const open = isRoot && (stats.mode & 0o022) !== 0;
    const message = `can be written by ${(stats.mode & 0o002) === 0 ? "its group" : "everybody"}, and pitcrew runs as root: chmod go-w ${file}`;
    return { text: readFileSync(descriptor, "utf8"), problems: open ? [fileProblem(file, message)] : [] };
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    throw openFailed(file, absent, cause);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function unreadable(file: string, message: string): ConfigError {
  return new ConfigError("unreadable", [fileProblem(file, message)]);
}

function openFailed(file: string, absent: string, cause: unknown): ConfigError {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
  if (code === "ENOENT" || code === "ENOTDIR") {
    return new ConfigError("not_found", [fileProblem(file, `does not exist: ${absent}`)], { cause });
  }
  const message = `cannot be read (${code}): let the user that runs pitcrew read it`;
  return new ConfigError("unreadable", [fileProblem(file, message)], { cause });
}
