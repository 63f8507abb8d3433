// npm run test:root: sets everything up, then runs the tests that mount disks, freeze processes and make namespaces. As root.
// Arguments go to vitest: npm run test:root -- test/root/case-22-disk.test.ts
import { runSuite } from "./run-suite.mjs";

await runSuite("test/root/vitest.config.ts");
