// A real remediator for one test: its folders, its doors, and two workers: one of its own, one that it only watches.
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Config } from "../../../config/config.ts";
import { defaultRules } from "../../../config/defaults.ts";
import { createLog } from "../../../daemon/log.ts";
import { type Answer, ask } from "../../../remediator/cli/client.ts";
import { type RunningRemediator, startRemediator } from "../../../remediator/main.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { config, spec } from "../incidents/builders.ts";

export const TOKEN = "a-token";
export const AUTHORIZED = { Authorization: `Bearer ${TOKEN}`, "Content-Type": "application/json" };

export interface Site {
  config: Config;
  directory: string;
  log: string[];
}

/** `mine` is supervised and sleeps; `theirs` is a process that somebody else started, found by its pidfile. */
export function createSite(wanted: Partial<Config> = {}): Site {
  const directory = temporaryDirectory();
  const credentialsFile = join(directory, "token");
  writeFileSync(credentialsFile, TOKEN, { mode: 0o600 });
  const theirs = spawn("/bin/sleep", ["600"], { stdio: "ignore" });
  onTestFinished(() => void theirs.kill("SIGKILL"));
  writeFileSync(join(directory, "theirs.pid"), `${theirs.pid}\n`);
  const launch = { argv: ["/bin/sleep", "600"], directory: "/", environment: {} };
  const site = config({
    runDirectory: join(directory, "run"),
    stateDirectory: join(directory, "state"),
    logDirectory: join(directory, "log"),
    workers: [
      spec({ name: "mine", manager: { kind: "supervised", restart: "on-failure", launch }, stop: { graceSeconds: 5 } }),
      spec({
        name: "theirs",
        manager: { kind: "observe", locator: { kind: "pidfile", path: join(directory, "theirs.pid") } },
      }),
    ],
    remediator: {
      webhook: { credentialsFile },
      verifySeconds: 0.2,
      startupGraceSeconds: 0,
      guard: { when: "never", heartbeatTimeoutSeconds: 180, intervalSeconds: 0.2, rules: defaultRules() },
    },
    ...wanted,
  });
  mkdirSync(site.runDirectory, { recursive: true });
  return { config: site, directory, log: [] };
}

export interface Started extends RunningRemediator {
  /** Over the network, with the token unless told otherwise. */
  post(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
  get(path: string): Promise<unknown>;
  /** Over the control socket. */
  order(method: "GET" | "POST" | "DELETE", path: string, body?: unknown): Promise<Answer>;
  /** The journal's entries of one type. */
  entries(type: string): Record<string, unknown>[];
}

/** Ended with its workers when the test is over. */
export async function start({ config: site, log }: Site): Promise<Started> {
  const running = await startRemediator({
    config: site,
    log: createLog({ level: "debug", format: "logfmt", write: (line) => log.push(line) }),
  });
  let closed: Promise<void> | undefined;
  const close = (options: { stopWorkers: boolean }) => {
    closed ??= running.close(options);
    return closed;
  };
  onTestFinished(() => close({ stopWorkers: true }));
  const { url } = running;
  return {
    ...running,
    close,
    post: (path, body, headers = AUTHORIZED) =>
      fetch(`${url}${path}`, {
        method: "POST",
        headers,
        body: typeof body === "string" ? body : JSON.stringify(body),
      }),
    get: async (path) => (await fetch(`${url}${path}`)).json(),
    order: (method, path, body) => ask(site.runDirectory, method, path, body),
    entries: (type) =>
      readFileSync(join(site.stateDirectory, "journal.jsonl"), "utf8")
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => (JSON.parse(line) as { entry: Record<string, unknown> }).entry)
        .filter((entry) => entry.type === type),
  };
}

/** As Alertmanager wraps them. */
export function payload(...alerts: { status?: "firing" | "resolved"; labels: Readonly<Record<string, string>> }[]) {
  return { version: "4", status: "firing", alerts: alerts.map((alert) => ({ status: "firing", ...alert })) };
}
