// A pitcrew.yml of a test's own, and what loading it gives.
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../../config/config.ts";
import { type LoadDeps, loadConfig } from "../../config/load.ts";
import { ConfigError, formatProblem } from "../../config/problem.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

export function written(text: string, mode = 0o600): { file: string; folder: string } {
  const folder = temporaryDirectory();
  const file = join(folder, "pitcrew.yml");
  writeFileSync(file, text);
  // Whatever the umask of the one who runs the tests.
  chmodSync(file, mode);
  return { file, folder };
}

export function loaded(text: string, deps: Partial<LoadDeps> = {}): Config {
  return loadConfig(written(text).file, { isRoot: false, hostname: () => "box", ...deps });
}

/** The lines that a user would see; empty if the file is good. */
export function problemsIn(load: () => unknown): string[] {
  try {
    load();
    return [];
  } catch (cause) {
    if (cause instanceof ConfigError) return cause.problems.map(formatProblem);
    throw cause;
  }
}
