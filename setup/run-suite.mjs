// A suite of tests that takes root: sets everything up, then runs it. Arguments of the command line go to vitest.
import { join } from "node:path";
import { ensureBuilt, ensureInstalled } from "./ensure.mjs";
import { PROJECT } from "./place.mjs";
import { run } from "./run.mjs";
import { runEntry } from "./setup-error.mjs";

/**
 * Ends with vitest's exit code.
 * @param {string} config vitest's, in this project
 * @param {() => Promise<unknown>} [ensureMachine] what it needs besides a built project
 */
export async function runSuite(config, ensureMachine) {
  await runEntry(async () => {
    await ensureInstalled();
    await ensureBuilt();
    await ensureMachine?.();
  });
  const vitest = join(PROJECT, "node_modules/vitest/vitest.mjs");
  const args = ["run", "--config", join(PROJECT, config), ...process.argv.slice(2)];
  const { code } = await run(process.execPath, [vitest, ...args], { cwd: PROJECT, show: true });
  process.exitCode = code;
}
