// The remediator's folders, made or refused with one sentence before anything else begins.
import { accessSync, constants, lstatSync, mkdirSync, type Stats, statSync } from "node:fs";
import { dirname } from "node:path";
import type { Config } from "../config/config.ts";

export class DirectoryError extends Error {
  readonly code = "directory_unusable";
}

/** @throws DirectoryError naming the folder and the key to change */
export function prepareDirectories(config: Config): void {
  prepare(config.runDirectory, "run_directory", 0o755);
  prepare(config.stateDirectory, "state_directory", 0o750);
  prepare(config.logDirectory, "log_directory", 0o755);
  mayOnlyBeOurs(config.runDirectory, "run_directory");
  mayOnlyBeOurs(config.stateDirectory, "state_directory");
}

function prepare(path: string, key: string, mode: number): void {
  try {
    make(path, mode);
    accessSync(path, constants.W_OK | constants.X_OK);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    // A disk that has become read-only keeps nobody unprotected: the journal waits in memory.
    if (code === "EROFS" && key === "state_directory" && isDirectory(path)) return;
    throw new DirectoryError(`${key} ${path} ${whyUnusable(path, code)}, or set ${key} in pitcrew.yml`, { cause });
  }
}

/** One by one: under /proc, where nobody can make a folder, Node's `recursive` never ends (Node 20). */
function make(path: string, mode: number): void {
  if (isDirectory(path)) return;
  if (path !== dirname(path)) make(dirname(path), mode);
  try {
    mkdirSync(path, { mode });
  } catch (cause) {
    // Another one of us was quicker.
    if (!isDirectory(path)) throw cause;
  }
}

/** `cannot be written (EACCES): make it writable for this user`: what is in the way, and how it goes out of it. */
function whyUnusable(path: string, code: string): string {
  const { at, kind } = deepest(path);
  if (kind === "link") return `cannot be made: ${at} is a link that leads to no folder; take it away`;
  if (kind === "other") return `cannot be made: ${at} is not a folder; move it away`;
  const what = at === path ? "cannot be written" : `cannot be made in ${at}`;
  switch (code) {
    case "EROFS":
      return `${what}: its file system is read-only; mount it for writing`;
    case "ENOSPC":
    case "EDQUOT":
      return `${what}: the disk is full (${code}); make room`;
    case "EACCES":
    case "EPERM":
      return `${what} (${code}): make ${at === path ? "it" : at} writable for this user`;
    default:
      return `${what} (${code}): name a folder that this user may write`;
  }
}

/** The part of the path that is there, as far as it goes. */
function deepest(path: string): { at: string; kind: "folder" | "link" | "other" } {
  let at = path;
  while (seen(at, lstatSync) === undefined && at !== dirname(at)) at = dirname(at);
  const there = seen(at, statSync);
  return { at, kind: there === undefined ? "link" : there.isDirectory() ? "folder" : "other" };
}

/** Who may write there could put forged records in the place of ours: which process is a worker, and what was decided. */
function mayOnlyBeOurs(path: string, key: string): void {
  const { mode, uid } = statSync(path);
  const self = process.geteuid?.();
  if (uid !== 0 && uid !== self)
    throw new DirectoryError(
      `${key} ${path} belongs to uid ${uid}, and pitcrew runs as ${self}: chown it, or set ${key} in pitcrew.yml`,
    );
  // A group of one's own is as good as oneself; whoever shares a group with root is not root.
  if ((mode & (self === 0 ? 0o022 : 0o002)) !== 0)
    throw new DirectoryError(
      `${key} ${path} can be written by ${(mode & 0o002) === 0 ? "its group" : "everybody"}: chmod go-w ${path}, or set ${key} in pitcrew.yml`,
    );
}

function isDirectory(path: string): boolean {
  return seen(path, statSync)?.isDirectory() === true;
}

/** Undefined: nothing is there, what leads there is no folder, or we may not look. */
function seen(path: string, look: (path: string) => Stats): Stats | undefined {
  try {
    return look(path);
  } catch {
    return undefined;
  }
}
