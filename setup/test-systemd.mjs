// npm run test:systemd: sets everything up, then runs the tests on a real systemd, in containers that it boots. As root.
// Arguments go to vitest: npm run test:systemd -- test/systemd/reboot.test.ts
import { join } from "node:path";
import { ensureDebianMachine } from "./debian-machine.mjs";
import { ensureBuilt, ensureInstalled } from "./ensure.mjs";
import { PROJECT } from "./place.mjs";
import { run } from "./run.mjs";
import { runEntry } from "./setup-error.mjs";

await runEntry(async () => {
  await ensureInstalled();
  await ensureBuilt();
  await ensureDebianMachine();
});
const vitest = join(PROJECT, "node_modules/vitest/vitest.mjs");
const config = join(PROJECT, "test/systemd/vitest.config.ts");
const { code } = await run(process.execPath, [vitest, "run", "--config", config, ...process.argv.slice(2)], {
  cwd: PROJECT,
  show: true,
});
process.exitCode = code;
