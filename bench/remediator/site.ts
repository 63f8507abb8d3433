// pitcrew as it is measured here: a configuration and a token of its own, in one process, on free ports.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PITCREW } from "../measuring/programs.ts";
import { freePort } from "../measuring/subject.ts";
import type { WorkerOptions } from "./worker.ts";
import { workerArgv } from "./worker.ts";

const TOKEN = "a-token-of-the-benchmark";

export interface SiteOptions {
  folder: string;
  workers: readonly (Omit<WorkerOptions, "events"> & { name: string })[];
  limitMib: number;
  /** The value of `guard`. */
  guard: string;
  verifyFor: string;
}

export interface RunningSite {
  exporterPort: number;
  remediatorPort: number;
  token: string;
  /** Of each worker, in the order of `workers`. */
  events: readonly string[];
  end(): Promise<void>;
}

export async function startSite(options: SiteOptions): Promise<RunningSite> {
  const { folder, workers, limitMib, guard, verifyFor } = options;
  mkdirSync(folder, { recursive: true });
  const [exporterPort, remediatorPort] = [await freePort(), await freePort()];
  const events = workers.map(({ name }) => join(folder, `${name}.events`));
  const entries = workers.map(
    ({ name, ...worker }, index) => `  - name: ${name}
    command: ${JSON.stringify(workerArgv({ ...worker, events: events[index] ?? "" }))}
    limits: {memory: ${limitMib}MiB}
    stop: {drain: 0s, grace: 5s}
    start_interval: 10ms
    budget: 10000/1h
    cooldown: 0s
`,
  );
  const token = join(folder, "token");
  writeFileSync(token, TOKEN, { mode: 0o600 });
  const file = join(folder, "pitcrew.yml");
  const text = `host: bench
run_directory: run
state_directory: state
log_directory: log
system: {min_available_memory: 1MiB, critical_available_memory: 512KiB}
exporter: {listen: "127.0.0.1:${exporterPort}"}
remediator:
  listen: 127.0.0.1:${remediatorPort}
  webhook: {credentials_file: token}
  max_concurrent: ${workers.length}
  budget: 10000/1h
  startup_grace: 0s
  verify_for: ${verifyFor}
  guard: ${guard}
workers:
${entries.join("")}`;
  writeFileSync(file, text, { mode: 0o600 });
  const child = spawn(process.execPath, [PITCREW, "up", "--config.file", file, "--log.level", "error"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  return { exporterPort, remediatorPort, token: TOKEN, events, end: () => interrupted(child) };
}

/** Ctrl-C: its workers end with it. */
async function interrupted(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGINT");
  await exit;
}
