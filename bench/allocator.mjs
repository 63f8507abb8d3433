// npm run bench -- allocator: what the allocator settings of supervised workers (worker/launch-environment.ts) change for memory that was freed.
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const SETTINGS = [
  { name: "glibc's own", environment: {} },
  { name: "MALLOC_ARENA_MAX=2", environment: { MALLOC_ARENA_MAX: "2" } },
  { name: "MALLOC_MMAP_THRESHOLD_=65536", environment: { MALLOC_MMAP_THRESHOLD_: "65536" } },
  { name: "both (pitcrew's)", environment: { MALLOC_ARENA_MAX: "2", MALLOC_MMAP_THRESHOLD_: "65536" } },
];
const ROUNDS = 5;

console.log("MiB still resident after 156 MiB in 8 threads were freed but for 7.8; median of 5");
console.log(`${"".padEnd(30)}as freed   after malloc_trim`);
for (const { name, environment } of SETTINGS) {
  const rounds = Array.from({ length: ROUNDS }, () => measure(environment));
  const [freed, trimmed] = [rounds.map(({ after }) => after), rounds.map((round) => round.trimmed)].map(median);
  console.log(`${name.padEnd(30)}${String(freed).padStart(8)}   ${String(trimmed).padStart(17)}`);
}

/** @param {Record<string, string>} environment @returns {{after: number, trimmed: number}} */
function measure(environment) {
  const { MALLOC_ARENA_MAX: _arenas, MALLOC_MMAP_THRESHOLD_: _threshold, ...base } = process.env;
  const { status, stdout } = spawnSync("python3", [join(import.meta.dirname, "allocator_worker.py")], {
    env: { ...base, ...environment },
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) throw new Error(`python3 ended with ${status}`);
  return JSON.parse(stdout);
}

/** @param {number[]} values */
function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
