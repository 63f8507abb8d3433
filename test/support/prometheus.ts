// A real Prometheus (and promtool) for tests: loopback, a free port, storage that disappears with the test.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ensureBinaries } from "../../setup/debian-packages.mjs";
import { runTool, type ToolOptions, type ToolResult } from "./run-tool.ts";
import { startServer, withFreePorts } from "./server-process.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

export interface Sample {
  metric: Record<string, string>;
  /** As Prometheus prints it: "1", "NaN", "+Inf". */
  value: string;
}

export interface Range {
  metric: Record<string, string>;
  /** [unix seconds, value] */
  values: [number, string][];
}

export interface ActiveAlert {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  state: "pending" | "firing";
  activeAt: string;
  value: string;
}

export interface PrometheusOptions {
  /** prometheus.yml; a function is told Prometheus' own port, for scraping itself. */
  config: string | ((port: number) => string);
  /** Further files beside it, such as rules: relative path → text. */
  files?: Readonly<Record<string, string>>;
  flags?: readonly string[];
}

export interface Prometheus {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** The folder of prometheus.yml. */
  readonly directory: string;
  /** An instant query that gives a vector. @param time unix seconds */
  query(promql: string, time?: number): Promise<Sample[]>;
  queryRange(promql: string, range: { start: number; end: number; step: number }): Promise<Range[]>;
  /** Pending and firing. */
  alerts(): Promise<ActiveAlert[]>;
  /** Writes these files first. @throws what Prometheus finds wrong with them. */
  reload(files?: Readonly<Record<string, string>>): Promise<void>;
  readonly output: () => string;
  readonly stop: (signal?: NodeJS.Signals) => Promise<void>;
}

/** Resolves when it is ready. It is stopped with the running test, or with the file (see startServer). */
export async function startPrometheus(options: PrometheusOptions): Promise<Prometheus> {
  const { prometheus } = await ensureBinaries(["prometheus"]);
  const directory = temporaryDirectory("pitcrew-prometheus-");
  return await withFreePorts(1, async ([port = 0]) => {
    const config = typeof options.config === "string" ? options.config : options.config(port);
    writeFiles(directory, { ...options.files, "prometheus.yml": config });
    const url = `http://127.0.0.1:${port}`;
    const server = await startServer({
      command: prometheus,
      args: [
        `--config.file=${join(directory, "prometheus.yml")}`,
        `--storage.tsdb.path=${join(directory, "data")}`,
        `--web.listen-address=127.0.0.1:${port}`,
        "--web.enable-lifecycle",
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
      query: async (promql, time) => {
        const parameters = { query: promql, ...(time === undefined ? {} : { time: String(time) }) };
        const data = await ask<{ result: { metric: Record<string, string>; value: [number, string] }[] }>(
          url,
          "query",
          parameters,
        );
        return data.result.map(({ metric, value }) => ({ metric, value: value[1] }));
      },
      queryRange: async (promql, { start, end, step }) => {
        const parameters = { query: promql, start: String(start), end: String(end), step: String(step) };
        return (await ask<{ result: Range[] }>(url, "query_range", parameters)).result;
      },
      alerts: async () => (await ask<{ alerts: ActiveAlert[] }>(url, "alerts", {})).alerts,
      reload: async (files = {}) => {
        writeFiles(directory, files);
        const response = await fetch(`${url}/-/reload`, { method: "POST" });
        const text = await response.text();
        if (!response.ok) throw new Error(`Prometheus did not reload: ${text}\n${server.output()}`);
      },
      output: server.output,
      stop: server.stop,
    };
  });
}

/** Runs promtool to its end. */
export async function promtool(args: readonly string[], options?: ToolOptions): Promise<ToolResult> {
  const { promtool: command } = await ensureBinaries(["promtool"]);
  return await runTool(command, args, options);
}

export function writeFiles(directory: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
}

async function ask<Data>(url: string, endpoint: string, parameters: Record<string, string>): Promise<Data> {
  const response = await fetch(`${url}/api/v1/${endpoint}?${new URLSearchParams(parameters).toString()}`);
  const body = (await response.json()) as { status: "success"; data: Data } | { status: "error"; error: string };
  if (body.status === "error") throw new Error(`Prometheus refused ${JSON.stringify(parameters)}: ${body.error}`);
  return body.data;
}
