// `pitcrew exporter`, and the exporter's half of `pitcrew up`.
import type { Config } from "../config/config.ts";
import { runUntilSignalled } from "../daemon/lifecycle.ts";
import { ListenError } from "../daemon/listen-error.ts";
import type { Log } from "../daemon/log.ts";
import { notifyReady } from "../daemon/readiness.ts";
import { Observer } from "../worker/observer.ts";
import { actionableSamples } from "../worker/samples.ts";
import type { ExporterDeps } from "./exporter.ts";
import { type ExporterOptions, type RunningExporter, startExporterWith } from "./server.ts";

const LIVE: ExporterDeps = {
  createObserver: (options) => new Observer(options),
  actionableSamples,
};

/** @throws ListenError */
export function startExporter(options: ExporterOptions): Promise<RunningExporter> {
  return startExporterWith(LIVE, options);
}

/**
 * Runs until a signal and resolves with the exit code.
 * @param options.loadConfig called at the start, where its error is the caller's, and at each reload.
 */
export async function main({ loadConfig, log }: { loadConfig: () => Config; log: Log }): Promise<number> {
  const config = loadConfig();
  let exporter: RunningExporter;
  try {
    exporter = await startExporter({ config, reload: loadConfig, log });
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    log.error(error.message);
    return 1;
  }
  log.info("exporter is listening", { url: exporter.url, workers: config.workers.length });
  const exitCode = runUntilSignalled({
    // It has told of its own failure already.
    onReload: () => exporter.reload().catch(() => undefined),
    onStop: () => exporter.close(),
    log,
  });
  await notifyReady(log);
  return exitCode;
}
