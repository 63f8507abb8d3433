// Runs the built pitcrew as users do: a process, a configuration file, real folders. `npm test` builds it first.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import type { IncidentView, StatusView, WorkerView } from "../../remediator/api/views.ts";
import { eventually } from "./eventually.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

export const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const ENTRY = join(PROJECT, "dist", "pitcrew.js");
export const LEAKY = join(PROJECT, "test", "support", "leaky.py");
export const TOKEN = "a-token-of-the-tests";

export interface Site {
  directory: string;
  configFile: string;
  journalFile: string;
  logDirectory: string;
  runDirectory: string;
  events(worker: string): string;
}

/** A site of its own: folders, token and pitcrew.yml. `workers` and `remediator` are YAML, indented by two. */
export function createSite({
  workers,
  remediator = "",
  system = "",
  verify = "1s",
  port = 0,
  floors = { min: "1MiB", critical: "512KiB" },
}: {
  workers: (site: Omit<Site, "configFile">) => string;
  remediator?: string;
  system?: string;
  /** verify_for */
  verify?: string;
  /** Of the remediator; 0: any free one. */
  port?: number;
  /** Below which the machine counts as low on memory. */
  floors?: { min: string; critical: string };
}): Site {
  const directory = temporaryDirectory("pitcrew-loop-");
  const site = {
    directory,
    configFile: join(directory, "pitcrew.yml"),
    journalFile: join(directory, "state", "journal.jsonl"),
    logDirectory: join(directory, "log"),
    runDirectory: join(directory, "run"),
    events: (worker: string) => join(directory, `${worker}.events`),
  };
  onTestFinished(() => endLeftovers(directory));
  writeFileSync(join(directory, "token"), TOKEN, { mode: 0o600 });
  writeFileSync(
    site.configFile,
    `host: test-host
run_directory: run
state_directory: state
log_directory: log
system: {min_available_memory: ${floors.min}, critical_available_memory: ${floors.critical}${system === "" ? "" : `, ${system}`}}
exporter: {listen: "127.0.0.1:0"}
remediator:
  listen: 127.0.0.1:${port}
  webhook: {credentials_file: token}
  startup_grace: 0s
  verify_for: ${verify}
${remediator}
workers:
${workers(site)}
`,
    { mode: 0o600 },
  );
  return site;
}

/** A failing test may leave workers behind: their command lines name the site's folder, which no other process knows. */
function endLeftovers(directory: string): void {
  for (const pid of readdirSync("/proc").filter((name) => /^[0-9]+$/.test(name))) {
    try {
      if (readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(directory)) process.kill(Number(pid), "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
}

export interface Pitcrew {
  child: ChildProcess;
  exporterUrl: string;
  remediatorUrl: string;
  /** Everything it has logged so far. */
  log(): string;
  status(): Promise<StatusView>;
  worker(name: string): Promise<WorkerView>;
  incidents(worker?: string): Promise<readonly IncidentView[]>;
  /** Answers the status code. */
  webhook(alerts: readonly AlertLiteral[], token?: string): Promise<number>;
  metrics(): Promise<string>;
  kill(): Promise<void>;
  /** Ctrl-C: the workers end too. */
  interrupt(): Promise<number | null>;
}

export interface AlertLiteral {
  status?: "firing" | "resolved";
  labels: Record<string, string>;
}

export function spawnPitcrew(
  site: Site,
  environment: NodeJS.ProcessEnv = {},
  flags: readonly string[] = [],
): ChildProcess {
  return spawn(process.execPath, [ENTRY, "up", "--config.file", site.configFile, "--log.format", "json", ...flags], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, ...environment },
  });
}

/** Started, listening, and ended with its workers when the test is. */
export async function startPitcrew(
  site: Site,
  environment: NodeJS.ProcessEnv = {},
  flags: readonly string[] = [],
): Promise<Pitcrew> {
  const child = spawnPitcrew(site, environment, flags);
  let log = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  const ended = () => child.exitCode !== null || child.signalCode !== null;
  const end = async (signal: NodeJS.Signals) => {
    if (ended()) return;
    const exit = once(child, "exit");
    child.kill(signal);
    await exit;
  };
  onTestFinished(() => end("SIGINT"));
  const up = await eventually(
    () => {
      if (ended()) throw new Error(`pitcrew ended at once:\n${log}`);
      return log.split("\n").find((line) => line.includes('"msg":"pitcrew is up"'));
    },
    { what: "pitcrew to be up", within: 60_000 },
  );
  const { exporter, remediator } = JSON.parse(up) as { exporter: string; remediator: string };
  const get = async (path: string) => {
    const answer = await fetch(`${remediator}${path}`);
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return answer.json();
  };
  return {
    child,
    exporterUrl: exporter,
    remediatorUrl: remediator,
    log: () => log,
    status: async () => (await get("api/v1/status")) as StatusView,
    async worker(name) {
      const { workers } = (await get("api/v1/workers")) as { workers: WorkerView[] };
      const found = workers.find((worker) => worker.worker === name);
      if (found === undefined) throw new Error(`no worker ${name}`);
      return found;
    },
    async incidents(worker) {
      const { incidents } = (await get(`api/v1/incidents${worker === undefined ? "" : `?worker=${worker}`}`)) as {
        incidents: IncidentView[];
      };
      return incidents;
    },
    async webhook(alerts, token = TOKEN) {
      const answer = await fetch(`${remediator}api/v1/webhook`, {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
        body: payload(alerts),
      });
      await answer.arrayBuffer();
      return answer.status;
    },
    metrics: async () => (await fetch(`${remediator}metrics`)).text(),
    kill: () => end("SIGKILL"),
    async interrupt() {
      await end("SIGINT");
      return child.exitCode;
    },
  };
}

export function payload(alerts: readonly AlertLiteral[]): string {
  return JSON.stringify({
    version: "4",
    groupKey: "{}:{}",
    truncatedAlerts: 0,
    status: "firing",
    receiver: "remediator",
    groupLabels: {},
    commonLabels: {},
    commonAnnotations: {},
    externalURL: "http://127.0.0.1:9093",
    alerts: alerts.map(({ status = "firing", labels }) => ({
      status,
      labels,
      annotations: {},
      startsAt: "2026-02-15T00:00:00Z",
      endsAt: "0001-01-01T00:00:00Z",
      generatorURL: "",
      fingerprint: "0",
    })),
  });
}

export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs one command of the built executable. */
export function runCommand(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<CommandResult> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [ENTRY, ...args],
      { env: { ...process.env, ...environment }, timeout: 120_000 },
      (error, stdout, stderr) => {
        resolve({ code: typeof error?.code === "number" ? error.code : error === null ? 0 : 1, stdout, stderr });
      },
    );
  });
}

/** The journal's records, as anybody may read them. */
export function readJournalLines(site: Site): { seq: number; entry: { type: string } & Record<string, unknown> }[] {
  return readFileSync(site.journalFile, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { seq: number; entry: { type: string } & Record<string, unknown> });
}

export function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
