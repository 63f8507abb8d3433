// npm run bench -- exporter [--quick] [--only=NAME,…]: the exporter beside its peers, in one run; prints a table, writes .cache/bench/exporter.json.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ensureBinaries } from "../setup/debian-packages.mjs";
import { Dummies } from "./exporter/dummies.ts";
import { machine } from "./exporter/machine.ts";
import { bareNode, nodeExporter, processExporter } from "./exporter/plans.ts";
import { type Outcome, rowsOf, table } from "./exporter/report.ts";
import { type Bench, crowd, firstAnswer, idle, realWorkers, residentMemory } from "./exporter/scenarios.ts";

const CACHE = join(import.meta.dirname, "..", ".cache", "bench");

const { values } = parseArgs({ options: { quick: { type: "boolean" }, only: { type: "string" } } });
const only = values.only?.split(",");
const folder = mkdtempSync(join(tmpdir(), "pitcrew-bench-"));
const dummies = new Dummies(CACHE);
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
  await scenario("memory", () => residentMemory(bench));
  await scenario("start", () => firstAnswer(bench));
  await scenario("idle", () => idle(bench));

  const rows = rowsOf(outcome);
  console.log(`\n${table(rows)}\n`);
  const file = join(CACHE, "exporter.json");
  mkdirSync(CACHE, { recursive: true });
  const plain = Object.fromEntries(
    Object.entries(outcome).map(([name, subjects]) => [name, Object.fromEntries(subjects)]),
  );
  writeFileSync(file, `${JSON.stringify({ machine: machine(binaries), rows, measured: plain }, undefined, 2)}\n`);
  console.log(`${JSON.stringify(machine(binaries))}\nwritten to ${file}`);
} finally {
  await clock.end();
  rmSync(folder, { recursive: true, force: true });
}
