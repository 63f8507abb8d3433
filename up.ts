// `pitcrew up`: exporter and remediator in one process, on two ports, knowing nothing of each other.
import type { Config } from "./config/config.ts";
import { runUntilSignalled } from "./daemon/lifecycle.ts";
import type { Log } from "./daemon/log.ts";
import { notifyReady } from "./daemon/readiness.ts";
import { startExporter } from "./exporter/main.ts";
import { statusView } from "./remediator/api/views.ts";
import { View } from "./remediator/cli/view.ts";
import type { RunningRemediator } from "./remediator/main.ts";
import { isStartError, startRemediator } from "./remediator/main.ts";

export interface UpOptions {
  loadConfig: () => Config;
  log: Log;
  /** Show the workers to people. */
  view: boolean;
}

/** Runs until a signal and resolves with the exit code. SIGTERM leaves the workers running; SIGINT, a person's Ctrl-C, ends them. */
export async function up({ loadConfig, log, view: wanted }: UpOptions): Promise<number> {
  const config = loadConfig();
  let running: RunningRemediator | undefined;
  const view = wanted ? createView(() => running) : undefined;
  try {
    const exporter = await startExporter({ config, reload: loadConfig, log });
    try {
      running = await startRemediator({
        config,
        reload: loadConfig,
        log,
        onEntries: (entries) => view?.entries(entries),
        onGuard: (activity, heartbeat) => view?.guard(activity, heartbeat),
      });
    } catch (cause) {
      await exporter.close();
      throw cause;
    }
    const remediator = running;
    log.info("pitcrew is up", { exporter: exporter.url, remediator: remediator.url, workers: config.workers.length });
    view?.say(addresses(config, exporter.url, remediator.url));
    view?.start();
    const exitCode = runUntilSignalled({
      onReload: () => Promise.allSettled([exporter.reload(), remediator.reload()]),
      async onStop(signal) {
        const stopWorkers = signal === "SIGINT";
        view?.stop();
        view?.say(stopWorkers ? "Stopping the workers …" : "Stopping; the workers run on.");
        await Promise.all([exporter.close(), remediator.close({ stopWorkers })]);
        view?.say("Stopped.");
      },
      log,
    });
    await notifyReady(log);
    return await exitCode;
  } catch (cause) {
    if (!isStartError(cause)) throw cause;
    log.error(cause.message);
    return 1;
  }
}

function createView(running: () => RunningRemediator | undefined): View {
  const { stdout } = process;
  return new View({
    write: (text) => stdout.write(text),
    tty: stdout.isTTY,
    columns: () => stdout.columns,
    status() {
      const remediator = running()?.remediator;
      return remediator === undefined ? undefined : statusView(remediator.statusFacts());
    },
    now: () => new Date(),
  });
}

function addresses(config: Config, exporterUrl: string, remediatorUrl: string): string {
  return [
    "",
    `pitcrew keeps ${config.workers.length} workers of ${config.host} (configuration: ${config.file})`,
    `  metrics of the workers      ${exporterUrl}metrics`,
    `  the remediator, its status  ${remediatorUrl}`,
    "  Ctrl-C stops the workers and pitcrew.",
    "",
  ].join("\n");
}
