// A directory of a test's own, gone when the test is over.
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, onTestFinished } from "vitest";

/**
 * Creates a directory under the system's temporary directory and returns its real path (no symlinks in it).
 * Removed when the running test ends; outside of a test (at the top of a file, in `beforeAll`), when the file ends.
 */
export function temporaryDirectory(prefix = "pitcrew-"): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), prefix)));
  const remove = () => rmSync(path, { recursive: true, force: true, maxRetries: 3 });
  try {
    onTestFinished(remove);
  } catch {
    try {
      afterAll(remove);
    } catch {
      process.once("exit", remove);
    }
  }
  return path;
}
