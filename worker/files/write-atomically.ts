// A reader sees the old file or the new one, never a half: write beside it, then rename over it.
import { randomBytes } from "node:crypto";
import { closeSync, fchmodSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

export interface WriteOptions {
  /** Default 0644, whatever the umask. */
  mode?: number;
  /** Also wait until file and name are on the disk. Default false. */
  fsync?: boolean;
}

/** @throws the file system's error; then the old file is untouched and nothing is left behind. */
export function writeAtomically(path: string, text: string, { mode = 0o644, fsync = false }: WriteOptions = {}): void {
  const directory = dirname(path);
  // A worker's name never starts with a dot, so no reader takes this for a record.
  const temporary = join(directory, `.${basename(path)}.${process.pid}.${randomBytes(6).toString("hex")}`);
  try {
    const descriptor = openSync(temporary, "wx", 0o600);
    try {
      writeFileSync(descriptor, text);
      fchmodSync(descriptor, mode);
      if (fsync) fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  if (fsync) syncDirectory(directory);
}

/** A new name is on the disk only when its directory is. */
function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
