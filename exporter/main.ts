// `pitcrew exporter`, and the exporter's half of `pitcrew up`.
import type { Config } from "../config/config.ts";
import { runUntilSignalled } from "../daemon/lifecycle.ts";
import { ListenError } from "../daemon/listen-error.ts";
import type { Log } from "../daemon/log.ts";
import { notifyReady } from "../daemon/readiness.ts";
import { actionableSamples } from "../worker/samples.ts";
import type { CollectorName, Reader } from "./collector-names.ts";
import { collectorsWithout } from "./collectors/collectors.ts";
import { createObserverOf } from "./readers.ts";
import { type ExporterOptions, type RunningExporter, startExporterWith } from "./server.ts";

/** @throws ListenError, ReaderError */
export async function startExporter(options: ExporterOptions): Promise<RunningExporter> {
  const createObserver = await createObserverOf(options.reader ?? "auto");
  const collectors = collectorsWithout(options.disabledCollectors ?? new Set());
  return startExporterWith({ createObserver, actionableSamples, collectors }, options);
}

export interface MainOptions {
  /** Called at the start, where its error is the caller's, and at each reload. */
  loadConfig: () => Config;
  readWebConfig: ExporterOptions["readWebConfig"];
  log: Log;
  disabledCollectors: ReadonlySet<CollectorName>;
  reader: Reader;
}

/** Runs until a signal and resolves with the exit code. */
export async function main({ loadConfig, readWebConfig, log, ...collecting }: MainOptions): Promise<number> {
  const config = loadConfig();
  let exporter: RunningExporter;
  try {
    exporter = await startExporter({ config, reload: loadConfig, readWebConfig, log, ...collecting });
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
