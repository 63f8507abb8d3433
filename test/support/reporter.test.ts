// The last line of a run is what scripts rely on: it must tell the truth about every way in which a run can go wrong.
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeFiles } from "./prometheus.ts";
import { runTool } from "./run-tool.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const PROJECT = join(import.meta.dirname, "../..");
const PASSES = 'import { test } from "vitest"; test("passes", () => {});';

/** A run of its own over these test files: its last line and its exit code. */
async function runOf(files: Record<string, string>, args: readonly string[] = []) {
  const project = temporaryDirectory("pitcrew-reporter-");
  symlinkSync(join(PROJECT, "node_modules"), join(project, "node_modules"));
  const reporter = join(PROJECT, "test/support/reporter.ts");
  writeFiles(project, {
    ...files,
    "package.json": '{"type":"module"}',
    "vitest.config.ts": `export default { test: { include: ["**/*.test.ts"], reporters: [${JSON.stringify(reporter)}] } };`,
  });
  const vitest = join(PROJECT, "node_modules/vitest/vitest.mjs");
  const env = { ...process.env };
  // This run's own settings must not reach that one.
  for (const name of Object.keys(env)) if (name.startsWith("VITEST")) delete env[name];
  const { code, stdout, stderr } = await runTool(process.execPath, [vitest, "run", ...args], { cwd: project, env });
  return { code, last: stdout.trimEnd().split("\n").at(-1), stdout, stderr };
}

test("a run that passes ends with the numbers and exit code 0", async () => {
  const skips = 'import { test } from "vitest"; test.skip("skipped", () => {}); test("passes too", () => {});';
  const run = await runOf({ "a.test.ts": PASSES, "b.test.ts": skips });
  expect(run).toMatchObject({ code: 0, last: "2 passed, 0 failed, 1 skipped" });
});

test("a failed test is counted, and shown with what was expected", async () => {
  const fails = 'import { expect, test } from "vitest"; test("adds", () => { expect(1 + 1).toBe(3); });';
  const run = await runOf({ "a.test.ts": PASSES, "b.test.ts": fails });
  expect(run).toMatchObject({ code: 1, last: "1 passed, 1 failed, 0 skipped" });
  expect(run.stderr).toContain("expected 2 to be 3");
});

test.each([
  ["a file that cannot be loaded", 'import "./missing.ts";', "1 passed, 1 failed, 0 skipped"],
  [
    "a suite whose preparation fails",
    'import { beforeAll, describe, test } from "vitest"; describe("s", () => { beforeAll(() => { throw new Error("no"); }); test("x", () => {}); });',
    "1 passed, 1 failed, 1 skipped",
  ],
  [
    "an error that nobody handles",
    'import { test } from "vitest"; test("x", async () => { void Promise.reject(new Error("lost")); await new Promise((r) => setTimeout(r, 20)); });',
    "2 passed, 1 failed, 0 skipped",
  ],
])("%s counts as failed", async (_, text, last) => {
  expect(await runOf({ "a.test.ts": PASSES, "b.test.ts": text })).toMatchObject({ code: 1, last });
});

test("a run without a test fails, be it that none exists or that the filter fits none", async () => {
  expect(await runOf({})).toMatchObject({ code: 1, last: "0 passed, 1 failed, 0 skipped" });
  expect(await runOf({ "a.test.ts": PASSES }, ["-t", "another name"])).toMatchObject({
    code: 1,
    last: "0 passed, 1 failed, 1 skipped",
  });
});
