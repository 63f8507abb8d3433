// A real Alertmanager (and amtool) for tests: loopback, free ports, storage that disappears with the test; alone or as a pair.
import { join } from "node:path";
import { ensureBinaries } from "../../setup/debian-packages.mjs";
import { writeFiles } from "./prometheus.ts";
import { runTool, type ToolOptions, type ToolResult } from "./run-tool.ts";
import { startServer, withFreePorts } from "./server-process.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

export interface PostedAlert {
  labels: Readonly<Record<string, string>>;
  annotations?: Readonly<Record<string, string>>;
  /** RFC 3339 */
  startsAt?: string;
  /** RFC 3339; in the past: resolved. */
  endsAt?: string;
}

export interface KnownAlert {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  startsAt: string;
  endsAt: string;
  receivers: { name: string }[];
  status: { state: "active" | "suppressed" | "unprocessed" };
}

export interface AlertmanagerOptions {
  /** alertmanager.yml */
  config: string;
  /** Further files beside it, such as the token: relative path → text. */
  files?: Readonly<Record<string, string>>;
  flags?: readonly string[];
  /** Continue where another one, stopped by now, left off: its folder and its port. */
  resume?: { directory: string; port: number };
}

export interface Alertmanager {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** The folder of alertmanager.yml. */
  readonly directory: string;
  alerts(): Promise<KnownAlert[]>;
  /** What Prometheus would do. */
  post(alerts: readonly PostedAlert[]): Promise<void>;
  /** The text of /metrics: how deliveries went. */
  metrics(): Promise<string>;
  /** Writes these files first. @throws what Alertmanager finds wrong with them. */
  reload(files?: Readonly<Record<string, string>>): Promise<void>;
  readonly output: () => string;
  readonly stop: (signal?: NodeJS.Signals) => Promise<void>;
}

/** Resolves when it is ready. It is stopped with the running test, or with the file (see startServer). */
export async function startAlertmanager(options: AlertmanagerOptions): Promise<Alertmanager> {
  const resume = options.resume;
  if (resume !== undefined) return await start(options, resume.port, ["--cluster.listen-address="], resume.directory);
  return await withFreePorts(1, ([port = 0]) => start(options, port, ["--cluster.listen-address="]));
}

/** Two that know of each other, as in production: after an outage both may deliver. */
export async function startAlertmanagerPair(options: AlertmanagerOptions): Promise<[Alertmanager, Alertmanager]> {
  return await withFreePorts(4, async ([portA = 0, portB = 0, clusterA = 0, clusterB = 0]) => {
    // Both listen on loopback, which gossip refuses to advertise unless told to.
    const cluster = (own: number, other: number) => [
      `--cluster.listen-address=127.0.0.1:${own}`,
      `--cluster.advertise-address=127.0.0.1:${own}`,
      `--cluster.peer=127.0.0.1:${other}`,
      "--cluster.settle-timeout=1s",
      "--cluster.gossip-interval=50ms",
      "--cluster.pushpull-interval=1s",
    ];
    const [first, second] = await Promise.allSettled([
      start(options, portA, cluster(clusterA, clusterB)),
      start(options, portB, cluster(clusterB, clusterA)),
    ]);
    if (first.status === "fulfilled" && second.status === "fulfilled") return [first.value, second.value];
    if (first.status === "fulfilled") await first.value.stop("SIGKILL");
    if (second.status === "fulfilled") await second.value.stop("SIGKILL");
    throw first.status === "rejected" ? first.reason : (second as PromiseRejectedResult).reason;
  });
}

async function start(
  options: AlertmanagerOptions,
  port: number,
  clusterFlags: readonly string[],
  directory = temporaryDirectory("pitcrew-alertmanager-"),
): Promise<Alertmanager> {
  const { alertmanager } = await ensureBinaries(["alertmanager"]);
  writeFiles(directory, { ...options.files, "alertmanager.yml": options.config });
  const url = `http://127.0.0.1:${port}`;
  const server = await startServer({
    command: alertmanager,
    args: [
      `--config.file=${join(directory, "alertmanager.yml")}`,
      `--storage.path=${join(directory, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      ...clusterFlags,
      ...(options.flags ?? []),
    ],
    cwd: directory,
    readyUrl: `${url}/-/ready`,
  });
  return {
    url,
    port,
    pid: server.pid,
    directory,
    alerts: async () => (await (await request(`${url}/api/v2/alerts`)).json()) as KnownAlert[],
    post: async (alerts) => {
      const headers = { "content-type": "application/json" };
      await request(`${url}/api/v2/alerts`, { method: "POST", headers, body: JSON.stringify(alerts) });
    },
    metrics: async () => await (await request(`${url}/metrics`)).text(),
    reload: async (files = {}) => {
      writeFiles(directory, files);
      await request(`${url}/-/reload`, { method: "POST" });
    },
    output: server.output,
    stop: server.stop,
  };
}

/** Runs amtool to its end. */
export async function amtool(args: readonly string[], options?: ToolOptions): Promise<ToolResult> {
  const { amtool: command } = await ensureBinaries(["amtool"]);
  return await runTool(command, args, options);
}

async function request(url: string, init?: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(`Alertmanager answered ${response.status} to ${url}: ${await response.text()}`);
  return response;
}
