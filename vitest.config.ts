// How the tests run; `npm test` adds format, lint and types around them.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    reporters: ["./test/support/reporter.ts"],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // Two cores: more workers than that only make real-process tests wait for each other.
    maxWorkers: 2,
    allowOnly: false,
  },
});
