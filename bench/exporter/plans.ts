// How each subject is run: see the peers' own documentation for what their flags mean.
import { mkdirSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import type { SubjectPlan } from "./subject.ts";

const PROJECT = join(import.meta.dirname, "..", "..");
const PITCREW = join(PROJECT, "dist", "pitcrew.js");

export interface PlanOptions {
  /** For configuration files and state. */
  folder: string;
  workers: number;
  /** What the workers' command lines hold. */
  cmdline?: string;
  /** Lines for the worker's entry. */
  extra?: string;
  flags?: readonly string[];
  command?: "exporter" | "remediator" | "up";
}

export function pitcrew({
  folder,
  workers,
  cmdline = "leakworker --id=",
  extra = "",
  flags = [],
  command = "exporter",
}: PlanOptions): SubjectPlan {
  mkdirSync(join(folder, "run"), { recursive: true });
  return {
    name: "pitcrew",
    argv: (port) => {
      const file = join(folder, `pitcrew-${port}.yml`);
      const text = `host: bench
run_directory: ${folder}/run
state_directory: ${folder}/state-${port}
log_directory: ${folder}/log
workers:
  - name: w
    count: ${workers}
    manager: observe
    match: {cmdline: "${cmdline}", user: "${userInfo().username}"}
    limits: {memory: 8GiB, memory_relief: 6GiB, age: 24h}
${extra}`;
      writeFileSync(file, text, { mode: 0o600 });
      const listen = command === "remediator" ? "--remediator.listen-address" : "--exporter.listen-address";
      const other = command === "up" ? ["--remediator.listen-address", "127.0.0.1:0"] : [];
      return [
        process.execPath,
        PITCREW,
        command,
        "--config.file",
        file,
        "--log.level",
        "error",
        listen,
        `127.0.0.1:${port}`,
        ...other,
        ...flags,
      ];
    },
  };
}

export function processExporter(binary: string, folder: string, smaps: boolean): SubjectPlan {
  const file = join(folder, "process-exporter.yml");
  writeFileSync(file, "process_names:\n  - name: 'w{{.Matches.ID}}'\n    cmdline: ['leakworker --id=(?P<ID>\\d+)']\n");
  return {
    name: smaps ? "process-exporter, smaps" : "process-exporter",
    argv: (port) => [
      binary,
      "-threads=false",
      `-gather-smaps=${smaps}`,
      "-config.path",
      file,
      "-web.listen-address",
      `127.0.0.1:${port}`,
    ],
  };
}

export function nodeExporter(binary: string, processes: boolean): SubjectPlan {
  return {
    name: processes ? "node_exporter, processes" : "node_exporter",
    argv: (port) => [binary, ...(processes ? ["--collector.processes"] : []), `--web.listen-address=127.0.0.1:${port}`],
  };
}

/** `node:http` that answers a constant: the floor of what any server in Node can be. */
export function bareNode(): SubjectPlan {
  const program =
    'import { createServer } from "node:http"; createServer((_, response) => { response.setHeader("Content-Type", "text/plain"); ' +
    'response.end("up 1\\n"); }).listen(Number(process.argv[1]), "127.0.0.1");';
  return {
    name: "bare node:http",
    argv: (port) => [process.execPath, "--input-type=module", "-e", program, String(port)],
  };
}
