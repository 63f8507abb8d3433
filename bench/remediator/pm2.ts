// PM2 for the benchmark alone: AGPL, so it is fetched into the benchmarks' cache and is never a dependency.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BENCH_CACHE } from "../measuring/results.ts";

const VERSION = "7.0.4";

/** @returns its command line program */
export function ensurePm2(): string {
  const folder = join(BENCH_CACHE, `pm2-${VERSION}`);
  const program = join(folder, "node_modules", "pm2", "bin", "pm2");
  if (existsSync(program)) return program;
  console.log(`Fetching pm2 ${VERSION} into ${folder}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{"private": true}\n');
  const install = ["install", "--prefix", folder, "--no-audit", "--no-fund", "--loglevel=error", `pm2@${VERSION}`];
  execFileSync("npm", install, { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
  return program;
}
