// How the tests on a real systemd run: `npm run test:systemd`. They take root, and are not among those of `npm test`.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/systemd/**/*.test.ts"],
    reporters: ["./test/support/reporter.ts"],
    testTimeout: 600_000,
    hookTimeout: 600_000,
    // Each file boots a machine of its own.
    maxWorkers: 2,
    allowOnly: false,
  },
});
