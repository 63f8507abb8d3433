// The remediator's folders, made or refused with one sentence before anything else begins; and the lock on its state.
import { accessSync, constants, mkdirSync, statSync } from "node:fs";
import { createServer } from "node:net";
import type { Config } from "../config/config.ts";

export class DirectoryError extends Error {
  readonly code = "directory_unusable";
}

/** @throws DirectoryError naming the folder and the key to change */
export function prepareDirectories(config: Config): void {
  prepare(config.runDirectory, "run_directory", 0o755);
  prepare(config.stateDirectory, "state_directory", 0o750);
  prepare(config.logDirectory, "log_directory", 0o755);
}

function prepare(path: string, key: string, mode: number): void {
  try {
    mkdirSync(path, { recursive: true, mode });
    accessSync(path, constants.W_OK | constants.X_OK);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new DirectoryError(
      `${key} ${path} cannot be written (${code}): make it writable for this user, or set ${key} in pitcrew.yml`,
      { cause },
    );
  }
}

/**
 * One remediator per state directory. The lock is a name in the abstract socket namespace made of the folder's device and inode:
 * the kernel gives it back when the process ends, however it ends.
 * @throws DirectoryError when another process holds it
 */
export async function lockStateDirectory(path: string): Promise<{ release(): void }> {
  const { dev, ino } = statSync(path);
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once("error", () =>
      reject(
        new DirectoryError(
          `another remediator works on state_directory ${path}: stop it, or give this one a folder of its own`,
        ),
      ),
    );
    server.listen(`\0pitcrew-state-${dev}-${ino}`, resolve);
  });
  server.unref();
  return { release: () => server.close() };
}
