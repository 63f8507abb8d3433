// How the tests on an emulated machine run: `npm run test:vm`. They take root and minutes, and are not part of CI.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/vm/**/*.test.ts"],
    reporters: ["./test/support/reporter.ts"],
    testTimeout: 1_800_000,
    hookTimeout: 1_800_000,
    maxWorkers: 1,
    allowOnly: false,
  },
});
