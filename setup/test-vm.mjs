// npm run test:vm: sets everything up, then runs the tests on an emulated machine with a kernel of its own. As root.
// Arguments go to vitest: npm run test:vm -- test/vm/memory-max.test.ts
import { runSuite } from "./run-suite.mjs";
import { ensureVirtualMachine } from "./virtual-machine.mjs";

await runSuite("test/vm/vitest.config.ts", ensureVirtualMachine);
