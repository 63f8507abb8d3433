// .ci/run adds its suites up into one last line and never calls a broken run good.
import { chmodSync, copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeFiles } from "../support/prometheus.ts";
import { runTool } from "../support/run-tool.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const CI_RUN = join(import.meta.dirname, "../../.ci/run");

/** Runs it in a checkout where `npm test` does this, and each other suite passes five tests. */
async function runWith(npm: string) {
  const checkout = temporaryDirectory("pitcrew-ci-");
  mkdirSync(join(checkout, ".ci"));
  copyFileSync(CI_RUN, join(checkout, ".ci/run"));
  const other = 'echo "npm $*"; echo "5 passed, 0 failed, 0 skipped"; exit 0';
  writeFiles(checkout, { "bin/npm": `#!/bin/sh\n[ "$1" = test ] || { ${other}; }\n${npm}\n` });
  chmodSync(join(checkout, "bin/npm"), 0o755);
  const env = { ...process.env, PATH: `${join(checkout, "bin")}:${process.env.PATH ?? ""}`, CI: "true" };
  const { code, stdout } = await runTool(join(checkout, ".ci/run"), [], { cwd: "/", env });
  return { code, last: stdout.trimEnd().split("\n").at(-1), stdout };
}

test("a good run ends with the numbers of all suites and exit code 0", async () => {
  const run = await runWith('echo "$*"; pwd; echo "12 passed, 0 failed, 0 skipped"');
  expect(run).toMatchObject({ code: 0, last: "22 passed, 0 failed, 0 skipped" });
  expect(run.stdout).toMatch(/^test$/m);
  expect(run.stdout).toMatch(/^npm run test:root$/m);
  expect(run.stdout).toMatch(/^npm run test:systemd$/m);
});

test.each([
  ["failed tests", 'echo "12 passed, 2 failed, 1 skipped"; exit 1', "22 passed, 2 failed, 1 skipped"],
  ["a failure after a good summary", 'echo "12 passed, 0 failed, 0 skipped"; exit 1', "22 passed, 1 failed, 0 skipped"],
  ["no summary, whatever the exit code", "echo all well", "10 passed, 1 failed, 0 skipped"],
  ["a run that was killed", "kill -9 $$", "10 passed, 1 failed, 0 skipped"],
  [
    "a summary in colours",
    'printf "\\033[32m3 passed, 1 failed, 0 skipped\\033[0m\\n"; exit 1',
    "13 passed, 1 failed, 0 skipped",
  ],
])("with %s it ends with a count of failures and a non-zero exit code", async (_, npm, last) => {
  expect(await runWith(npm)).toMatchObject({ code: 1, last });
});
