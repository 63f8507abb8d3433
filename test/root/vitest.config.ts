// `npm run test:root`: what only root may do, such as mounting a disk that is full. Elsewhere it fails, and says what it needs.
import { defineConfig, mergeConfig } from "vitest/config";
import common from "../../vitest.config.ts";

const config = mergeConfig(common, defineConfig({ test: { setupFiles: ["test/root/needs-root.ts"], maxWorkers: 1 } }));
config.test = { ...config.test, include: ["test/root/**/*.test.ts"], exclude: [] };
export default config;
