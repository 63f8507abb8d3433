// npm run bench -- brake: what a check costs that does not brake, in both languages, with a record and a run directory as in real life.
// Ends with 1 if the 99th percentile is above what the project promises.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Brake } from "pitcrew/brake";

const CHECKS = 100_000;
const PROMISED_P99_US = 50;

const runDirectory = mkdtempSync(join(tmpdir(), "pitcrew-bench-"));
process.env.PITCREW_RUN_DIRECTORY = runDirectory;
let isKept = true;
try {
  console.log(`${CHECKS} checks that do not brake, microseconds`);
  console.log("                        p50      p99    p99.9      max");
  report("Node", timeNode());
  const script = join(import.meta.dirname, "brake_cost.py");
  const { PITCREW_BRAKE_OWNER: _ours, ...environment } = process.env;
  const python = spawnSync("python3", [script, String(CHECKS)], {
    env: { ...environment, PITCREW_WORKER: "python", PYTHONDONTWRITEBYTECODE: "1" },
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 64 * 1024 * 1024,
  });
  if (python.status !== 0) throw new Error(`python3 ended with ${python.status ?? python.error}`);
  for (const line of python.stdout.split("\n").filter((text) => text !== "")) {
    /** @type {{name: string, nanoseconds: number[]}} */
    const { name, nanoseconds } = JSON.parse(line);
    report(name, Float64Array.from(nanoseconds));
  }
} finally {
  rmSync(runDirectory, { recursive: true });
}
process.exitCode = isKept ? 0 : 1;

function timeNode() {
  mkdirSync(join(runDirectory, "workers", "node"), { recursive: true });
  const brake = new Brake({ worker: "node", runDirectory, thresholdBytes: 1 });
  for (let index = 0; index < 5000; index++) brake.check();
  const nanoseconds = new Float64Array(CHECKS);
  for (let index = 0; index < CHECKS; index++) {
    const before = process.hrtime.bigint();
    brake.check();
    nanoseconds[index] = Number(process.hrtime.bigint() - before);
  }
  return nanoseconds;
}

/** @param {string} name @param {Float64Array} nanoseconds */
function report(name, nanoseconds) {
  nanoseconds.sort();
  const at = (/** @type {number} */ share) =>
    (nanoseconds[Math.min(nanoseconds.length - 1, Math.floor(nanoseconds.length * share))] ?? 0) / 1000;
  const columns = [0.5, 0.99, 0.999, 1].map((share) => at(share).toFixed(1).padStart(9));
  const isOurs = !name.startsWith("psutil");
  const verdict = !isOurs ? "" : at(0.99) <= PROMISED_P99_US ? "  within 50 at p99" : "  OVER 50 at p99";
  if (isOurs && at(0.99) > PROMISED_P99_US) isKept = false;
  console.log(`${name.padEnd(18)}${columns.join("")}${verdict}`);
}
