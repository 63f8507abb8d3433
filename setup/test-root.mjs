// npm run test:root: sets everything up, then runs the tests that mount disks, freeze processes and make namespaces. As root.
// Arguments go to vitest: npm run test:root -- test/root/case-22-disk.test.ts
import { join } from "node:path";
import { ensureBuilt, ensureInstalled } from "./ensure.mjs";
import { PROJECT } from "./place.mjs";
import { run } from "./run.mjs";
import { runEntry } from "./setup-error.mjs";

await runEntry(async () => {
  await ensureInstalled();
  await ensureBuilt();
});
const vitest = join(PROJECT, "node_modules/vitest/vitest.mjs");
const config = join(PROJECT, "test/root/vitest.config.ts");
const { code } = await run(process.execPath, [vitest, "run", "--config", config, ...process.argv.slice(2)], {
  cwd: PROJECT,
  show: true,
});
process.exitCode = code;
