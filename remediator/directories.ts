// The remediator's folders, made or refused with one sentence before anything else begins.
import { accessSync, constants, mkdirSync, statSync } from "node:fs";
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
    mkdirSync(path, { recursive: true, mode });
    accessSync(path, constants.W_OK | constants.X_OK);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    // A disk that has become read-only keeps nobody unprotected: the journal waits in memory.
    if (code === "EROFS" && key === "state_directory" && isDirectory(path)) return;
    throw new DirectoryError(
      `${key} ${path} cannot be written (${code}): make it writable for this user, or set ${key} in pitcrew.yml`,
      { cause },
    );
  }
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
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
