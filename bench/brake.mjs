// npm run bench -- brake: what a check costs that does not brake, in both languages, with a record and a run directory as in real life.
// In rounds, one language after the other; the table has the median of each figure. Ends with 1 if the 99th percentile is above what the
// project promises.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Brake } from "pitcrew/brake";

const ROUNDS = 5;
const CHECKS = 100_000;
const PROMISED_P99_US = 50;
const SHARES = [0.5, 0.99, 0.999, 1];

const runDirectory = mkdtempSync(join(tmpdir(), "pitcrew-bench-"));
process.env.PITCREW_RUN_DIRECTORY = runDirectory;
/** Of each name, the figures of each round. @type {Map<string, number[][]>} */
const rounds = new Map();
try {
  mkdirSync(join(runDirectory, "workers", "node"), { recursive: true });
  const brake = new Brake({ worker: "node", runDirectory, thresholdBytes: 1 });
  for (let round = 0; round < ROUNDS; round++) {
    keep("Node", timed(brake));
    for (const { name, nanoseconds } of timedInPython()) keep(name, Float64Array.from(nanoseconds));
  }
} finally {
  rmSync(runDirectory, { recursive: true });
}

console.log(`${ROUNDS} rounds of ${CHECKS} checks that do not brake: medians in microseconds`);
console.log("                        p50      p99    p99.9      max");
for (const [name, figures] of rounds) {
  const medians = SHARES.map((_, index) => median(figures.map((round) => round[index] ?? 0)));
  const isPromised = !name.startsWith("psutil");
  const isKept = (medians[1] ?? 0) <= PROMISED_P99_US;
  if (isPromised && !isKept) process.exitCode = 1;
  const verdict = isPromised ? `  ${isKept ? "within" : "OVER"} ${PROMISED_P99_US} at p99` : "";
  console.log(`${name.padEnd(18)}${medians.map((value) => value.toFixed(1).padStart(9)).join("")}${verdict}`);
}

/** @param {Brake} brake @returns {Float64Array} nanoseconds */
function timed(brake) {
  for (let index = 0; index < 5000; index++) brake.check();
  const nanoseconds = new Float64Array(CHECKS);
  for (let index = 0; index < CHECKS; index++) {
    const before = process.hrtime.bigint();
    brake.check();
    nanoseconds[index] = Number(process.hrtime.bigint() - before);
  }
  return nanoseconds;
}

/** @returns {{name: string, nanoseconds: number[]}[]} */
function timedInPython() {
  const script = join(import.meta.dirname, "brake_cost.py");
  const { PITCREW_BRAKE_OWNER: _ours, ...environment } = process.env;
  const python = spawnSync("python3", [script, String(CHECKS)], {
    env: { ...environment, PITCREW_WORKER: "python", PYTHONDONTWRITEBYTECODE: "1" },
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 64 * 1024 * 1024,
  });
  if (python.status !== 0) throw new Error(`python3 ended with ${python.status ?? python.error}`);
  return python.stdout
    .split("\n")
    .filter((text) => text !== "")
    .map((text) => JSON.parse(text));
}

/** @param {string} name @param {Float64Array} nanoseconds */
function keep(name, nanoseconds) {
  nanoseconds.sort();
  const at = (/** @type {number} */ share) =>
    (nanoseconds[Math.min(nanoseconds.length - 1, Math.floor(nanoseconds.length * share))] ?? 0) / 1000;
  rounds.set(name, [...(rounds.get(name) ?? []), SHARES.map(at)]);
}

/** @param {number[]} values */
function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
