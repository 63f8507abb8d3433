// npm run test:systemd: sets everything up, then runs the tests on a real systemd, in containers that it boots. As root.
// Arguments go to vitest: npm run test:systemd -- test/systemd/reboot.test.ts
import { ensureDebianMachine } from "./debian-machine.mjs";
import { runSuite } from "./run-suite.mjs";

await runSuite("test/systemd/vitest.config.ts", ensureDebianMachine);
