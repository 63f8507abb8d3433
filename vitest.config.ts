// How the tests run; `npm test` adds format, lint and types around them.
import { spawnSync } from "node:child_process";
import { delimiter, dirname } from "node:path";
import { defineConfig } from "vitest/config";

/** A version manager's `python3` is a shell script that may take longer than the script of a test: the tests run what it would run. */
function pathWithPython(): string {
  const { PATH = "" } = process.env;
  const { stdout } = spawnSync("python3", ["-c", "import sys; print(sys.executable)"], { encoding: "utf8" });
  const folder = dirname((stdout ?? "").trim());
  return folder === "." || PATH.split(delimiter).includes(folder) ? PATH : [folder, PATH].join(delimiter);
}

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // `npm run test:root`, `test:systemd` and `test:vm`: they take root.
    exclude: ["test/root/**", "test/systemd/**", "test/vm/**"],
    reporters: ["./test/support/reporter.ts"],
    // Tests wait for events; these end what will never come, on a machine that is many times slower, too.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    env: { PATH: pathWithPython() },
    // Two cores: more workers than that only make real-process tests wait for each other.
    maxWorkers: 2,
    allowOnly: false,
    // A page of metrics that lacks one line would bury what else has failed.
    diff: { truncateThreshold: 20 },
  },
});
