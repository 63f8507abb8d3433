// The one place in the run directory that belongs to a worker: it writes its brake record there, we and our group read it.
import { chmodSync, chownSync, mkdirSync } from "node:fs";
import { brakeDirectory } from "../../worker/files/run-directory.ts";

/**
 * Creates `workers/<worker>/`, mode 2770, for the worker's user and our group.
 * @throws the file system's error.
 */
export function prepareBrakeCorner(runDirectory: string, worker: string, user: { uid: number } | undefined): void {
  const directory = brakeDirectory(runDirectory, worker);
  mkdirSync(directory, { recursive: true });
  if (user !== undefined) chownSync(directory, user.uid, process.getegid?.() ?? 0);
  // After chown, which may clear the set-group-id bit.
  chmodSync(directory, 0o2770);
}
