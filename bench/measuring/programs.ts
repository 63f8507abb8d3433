// How pitcrew, and the floor of what any server in Node can be, are run.
import { mkdirSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import type { SubjectPlan } from "./subject.ts";

export const PROJECT = join(import.meta.dirname, "..", "..");
export const PITCREW = join(PROJECT, "dist", "pitcrew.js");

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
