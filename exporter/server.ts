// The exporter behind HTTP. It can tell what it sees and read its configuration again; it cannot act.
import type { Config } from "../config/config.ts";
import type { Log } from "../daemon/log.ts";
import { tokenAuthorizer } from "../daemon/token.ts";
import { type BuildInfo, readBuildInfo } from "../daemon/version.ts";
import type { WebConfig } from "../daemon/web-config/web-config.ts";
import { startWebServer } from "../daemon/web-server.ts";
import type { CollectorName, Reader } from "./collector-names.ts";
import { Exporter, type ExporterDeps } from "./exporter.ts";

export interface ExporterOptions {
  config: Config;
  /** Reads the configuration again, or throws; undefined: it cannot be reloaded. */
  reload?: () => Config;
  log: Log;
  /** Default: none. */
  disabledCollectors?: ReadonlySet<CollectorName>;
  /** Default: auto. */
  reader?: Reader;
  /** TLS, passwords, headers; undefined: none of it. */
  readWebConfig?: (() => WebConfig) | undefined;
  /** Default: what the package says. */
  build?: BuildInfo;
}

export interface RunningExporter {
  /** With a trailing slash. */
  url: string;
  /** Rejects, and keeps the old configuration, when the new one is bad; both are logged and shown in the metrics. */
  reload(): Promise<void>;
  close(): Promise<void>;
}

/** @throws ListenError */
export async function startExporterWith(deps: ExporterDeps, options: ExporterOptions): Promise<RunningExporter> {
  const { config, reload, readWebConfig, build = readBuildInfo() } = options;
  const log = options.log.child({ component: "exporter" });
  const exporter = new Exporter(config, reload, build, log, deps);
  try {
    const server = await startWebServer({
      name: "exporter",
      listen: config.exporter.listen,
      metrics: (accept, timeoutMs) => exporter.scrape(accept, timeoutMs),
      landing: () => ({
        title: "pitcrew exporter",
        description: "Measures every configured worker and the machine, for Prometheus to judge.",
        facts: {
          host: exporter.config.host,
          version: `${build.version} (${build.revision})`,
          workers: String(exporter.config.workers.length),
        },
        links: [
          { href: "metrics", text: "Metrics" },
          { href: "-/healthy", text: "Health" },
          { href: "-/ready", text: "Readiness" },
        ],
      }),
      // It has nothing to wait for: what it listens with, it can answer with.
      ready: () => true,
      ...(readWebConfig === undefined ? {} : { readWebConfig }),
      onWebConfig: (isGood) => exporter.noteWebConfig(isGood),
      ...(reload === undefined ? {} : { onReload: () => exporter.reload() }),
      authorizePost: tokenAuthorizer(() => exporter.config.remediator.webhook.credentialsFile, log),
      log,
    });
    return {
      url: server.url,
      reload: () => exporter.reload(),
      async close() {
        await server.close();
        exporter.close();
      },
    };
  } catch (error) {
    exporter.close();
    throw error;
  }
}
