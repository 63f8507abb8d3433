// npm test: sets everything up, then runs every check in the order in which it is cheapest to learn that something is wrong.
// Arguments go to vitest: npm test -- test/alerts
import { join } from "node:path";
import { ensureBinaries } from "./debian-packages.mjs";
import { ensureBuilt, ensureInstalled } from "./ensure.mjs";
import { ensureOptuna } from "./optuna.mjs";
import { PROJECT } from "./place.mjs";
import { run } from "./run.mjs";
import { SetupError } from "./setup-error.mjs";

/** Promtool, amtool and the whole loop are tests among the others; here their programs are only fetched. */
const steps = [
  { heading: "Dependencies", work: () => ensureInstalled() },
  { heading: "Build", work: () => ensureBuilt() },
  { heading: "Format and lint (biome)", work: () => tool(["@biomejs/biome/bin/biome", "check"]) },
  { heading: "Lint (oxlint)", work: () => tool(["oxlint/bin/oxlint", "--type-aware", "--deny-warnings"]) },
  { heading: "Types (tsc)", work: () => tool(["typescript/bin/tsc", "--noEmit", "-p", "test/tsconfig.json"]) },
  {
    heading: "Prometheus, Alertmanager and Optuna",
    work: async () => {
      const binaries = await ensureBinaries(["prometheus", "promtool", "alertmanager", "amtool", "process-exporter"]);
      for (const path of Object.values(binaries)) console.log(path);
      console.log((await ensureOptuna()).PYTHONPATH);
    },
  },
  {
    heading: "Tests (vitest)",
    work: () => tool(["vitest/vitest.mjs", "run", ...process.argv.slice(2)]),
    summary: true,
  },
];

for (const step of steps) {
  const before = performance.now();
  console.log(`\n── ${step.heading}`);
  const failure = await outcomeOf(step.work);
  const seconds = ((performance.now() - before) / 1000).toFixed(1);
  if (failure === undefined) {
    if (!step.summary) console.log(`   ok, ${seconds} s`);
    continue;
  }
  // Vitest ends with a summary of its own, unless it was killed.
  if (!step.summary || failure.killed) {
    console.error(`\nFailed after ${seconds} s: ${step.heading}. ${failure.message}`);
    console.log("0 passed, 1 failed, 0 skipped");
  }
  process.exit(1);
}

/**
 * @param {() => Promise<void>} work
 * @returns {Promise<{message: string, killed: boolean} | undefined>}
 */
async function outcomeOf(work) {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    return { message: error.message, killed: error.cause === "killed" };
  }
}

/** Runs a program of node_modules on our terminal. @param {[string, ...string[]]} command */
async function tool([script, ...args]) {
  const { code } = await run(process.execPath, [join(PROJECT, "node_modules", script), ...args], {
    cwd: PROJECT,
    show: true,
  });
  if (code !== 0) throw new SetupError(`Exit ${code}.`, code > 128 ? { cause: "killed" } : {});
}
