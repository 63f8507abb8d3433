// How the tests run that take root: `npm run test:root`. They are not among those of `npm test`.
import { defineConfig } from "vitest/config";
import others from "../../vitest.config.ts";

export default defineConfig({
  test: {
    ...others.test,
    include: ["test/root/**/*.test.ts"],
    exclude: [],
    testTimeout: 60_000,
  },
});
