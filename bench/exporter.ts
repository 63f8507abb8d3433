// npm run bench -- exporter [--quick] [--only=NAME,…] [--readme]: the exporter beside its peers, in one run; prints a table, writes
// .cache/bench/exporter.json, and with --readme the table of README.md.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ensureBinaries } from "../setup/debian-packages.mjs";
import { nodeExporter, processExporter } from "./exporter/plans.ts";
import { type Outcome, rowsOf } from "./exporter/report.ts";
import { type Bench, crowd, firstAnswer, realWorkers } from "./exporter/scenarios.ts";
import { Dummies } from "./measuring/dummies.ts";
import { bareNode } from "./measuring/programs.ts";
import { idle, residentMemory } from "./measuring/resting.ts";
import { BENCH_CACHE, publish } from "./measuring/results.ts";

const { values } = parseArgs({
  options: { quick: { type: "boolean" }, only: { type: "string" }, readme: { type: "boolean" } },
});
if (values.readme === true && (values.quick === true || values.only !== undefined))
  throw new Error("--readme is for whole runs: leave out --quick and --only");
/** Above the table in README.md. */
const INTRODUCTION = `## What it costs

The exporter beside others that watch processes, and beside the least that any server in Node can be (\`npm run bench -- exporter\`). A target that
was missed says so.`;
const only = values.only?.split(",");
const folder = mkdtempSync(join(tmpdir(), "pitcrew-bench-"));
const dummies = new Dummies(BENCH_CACHE);
const clock = dummies.clock();
try {
  const binaries = await ensureBinaries(["process-exporter", "node-exporter"]);
  const bench: Bench = { dummies, clock, folder, binaries, effort: values.quick === true ? 0.3 : 1 };
  const processes = () => processExporter(binaries["process-exporter"], folder, false);
  const outcome: Outcome = {};
  const scenario = async <Name extends keyof Outcome>(name: Name, run: () => Promise<Outcome[Name]>) => {
    if (only !== undefined && !only.includes(name)) return;
    console.log(`… ${name}`);
    outcome[name] = await run();
  };
  await scenario("thousand", () =>
    crowd(bench, { workers: 1000, peers: [processes(), nodeExporter(binaries["node-exporter"], true), bareNode()] }),
  );
  await scenario("strangers", () => crowd(bench, { workers: 1000, strangers: 4000, peers: [processes()] }));
  await scenario("four", () => crowd(bench, { workers: 4000, peers: [processes()] }));
  await scenario("real", () => realWorkers(bench, 50, false));
  await scenario("proportional", () => realWorkers(bench, 50, true));
  await scenario("memory", () => residentMemory(bench, [nodeExporter(binaries["node-exporter"], false), processes()]));
  await scenario("start", () => firstAnswer(bench));
  await scenario("idle", () => idle(bench));

  const measured = Object.fromEntries(
    Object.entries(outcome).map(([name, subjects]) => [name, Object.fromEntries(subjects)]),
  );
  publish(
    "exporter",
    { rows: rowsOf(outcome), measured, programs: binaries },
    values.readme === true ? INTRODUCTION : undefined,
  );
} finally {
  await clock.end();
  rmSync(folder, { recursive: true, force: true });
}
