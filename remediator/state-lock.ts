// One remediator per state directory: flock(2) on a file in it, which the kernel lets go of when the process ends, however it ends.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, openSync } from "node:fs";
import { join } from "node:path";
import { DirectoryError } from "./directories.ts";

const LOCK_FILE = "lock";
const HELD_BY_ANOTHER = 1;

/**
 * Nobody but its owner may open the file, so nobody else can hold the lock; and unlike a name of the network it is the same for every
 * container that shares the folder.
 * @throws DirectoryError when another process holds it
 */
export async function lockStateDirectory(path: string): Promise<{ release(): void }> {
  const fd = openLock(path);
  try {
    // flock(1) locks the open file that it shares with us and ends; the lock stays with the file, and so with us.
    const child = spawn("/bin/sh", ["-c", "command -p flock -n 3"], { stdio: ["ignore", "ignore", "ignore", fd] });
    const code = await once(child, "exit").then(
      ([exitCode]) => exitCode as number | null,
      () => null,
    );
    if (code === HELD_BY_ANOTHER)
      throw new DirectoryError(
        `another remediator works on state_directory ${path}: stop it, or give this one a folder of its own`,
      );
    if (code !== 0) throw new DirectoryError(`state_directory ${path} cannot be locked: flock (util-linux) is needed`);
  } catch (cause) {
    closeSync(fd);
    throw cause;
  }
  let isHeld = true;
  return {
    release() {
      if (isHeld) closeSync(fd);
      isHeld = false;
    },
  };
}

function openLock(path: string): number {
  const { O_CREAT, O_DIRECTORY, O_NOFOLLOW, O_RDONLY, O_RDWR } = constants;
  const file = join(path, LOCK_FILE);
  try {
    return openSync(file, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    // On a disk that takes no new file the folder itself serves.
    if (code === "EROFS" || code === "ENOSPC" || code === "EDQUOT") return openSync(path, O_RDONLY | O_DIRECTORY);
    const remedy = code === "EACCES" || code === "EPERM" ? "give it to this user" : "move it away";
    throw new DirectoryError(
      `${file}, the lock of state_directory, cannot be opened (${code ?? String(cause)}): ${remedy}`,
      { cause },
    );
  }
}
