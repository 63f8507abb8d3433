// npm run test:vm: sets everything up, then runs the tests on an emulated machine with a kernel of its own. As root.
// Arguments go to vitest: npm run test:vm -- test/vm/memory-max.test.ts
import { join } from "node:path";
import { ensureBuilt, ensureInstalled } from "./ensure.mjs";
import { PROJECT } from "./place.mjs";
import { run } from "./run.mjs";
import { runEntry } from "./setup-error.mjs";
import { ensureVirtualMachine } from "./virtual-machine.mjs";

await runEntry(async () => {
  await ensureInstalled();
  await ensureBuilt();
  await ensureVirtualMachine();
});
const vitest = join(PROJECT, "node_modules/vitest/vitest.mjs");
const config = join(PROJECT, "test/vm/vitest.config.ts");
const { code } = await run(process.execPath, [vitest, "run", "--config", config, ...process.argv.slice(2)], {
  cwd: PROJECT,
  show: true,
});
process.exitCode = code;
