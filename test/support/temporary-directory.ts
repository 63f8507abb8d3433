// A directory of a test's own, gone when the test is over.
import { chmodSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, onTestFinished } from "vitest";

// One per test file. Vitest hears no hook that a `beforeAll` registers, so what is made there goes with this one at the end of the file.
const base = realpathSync(mkdtempSync(join(tmpdir(), "pitcrew-test-")));
// Tests that run processes as other users open their own directory to them: the way there must be open too.
chmodSync(base, 0o711);
afterAll(() => remove(base));

/**
 * Creates a directory (0700) under the system's temporary directory and returns its real path, without symlinks.
 * Removed when the running test ends; outside of a test, when the file's last test has ended.
 */
export function temporaryDirectory(prefix = "pitcrew-"): string {
  const path = mkdtempSync(join(base, prefix));
  try {
    onTestFinished(() => remove(path));
  } catch {
    // Not in a test: `afterAll` above removes it.
  }
  return path;
}

function remove(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 3 });
}
