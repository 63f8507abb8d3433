// `pitcrew up`: exporter and remediator in one process, on two ports, knowing nothing of each other.
import type { CollectorFlags } from "./collector-flags.ts";
import type { Config } from "./config/config.ts";
import { runUntilSignalled, type SignalSource } from "./daemon/lifecycle.ts";
import type { Log } from "./daemon/log.ts";
import { notifyReady } from "./daemon/readiness.ts";
import { startExporter } from "./exporter/main.ts";
import type { ExporterOptions } from "./exporter/server.ts";
import { statusView } from "./remediator/api/views.ts";
import { wantsColour } from "./remediator/cli/colour.ts";
import { View } from "./remediator/cli/view.ts";
import type { RunningRemediator } from "./remediator/main.ts";
import { isStartError, startRemediator } from "./remediator/main.ts";

export interface UpOptions {
  loadConfig: () => Config;
  readWebConfig: ExporterOptions["readWebConfig"];
  log: Log;
  collecting: CollectorFlags;
  /** Show the workers to people. */
  view: boolean;
}

/** Runs until a signal and resolves with the exit code. SIGTERM leaves the workers running; SIGINT, a person's Ctrl-C, ends them. */
export async function up({ loadConfig, readWebConfig, log, collecting, view: wanted }: UpOptions): Promise<number> {
  const config = loadConfig();
  let running: RunningRemediator | undefined;
  const view = wanted ? createView(() => running) : undefined;
  try {
    const exporter = await startExporter({ config, reload: loadConfig, readWebConfig, log, ...collecting });
    try {
      running = await startRemediator({
        config,
        reload: loadConfig,
        readWebConfig,
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
    const inTerminal = wanted && process.stdout.isTTY;
    let isTerminalClosed = false;
    if (inTerminal)
      process.once("SIGHUP", () => {
        isTerminalClosed = true;
      });
    const ended = runUntilSignalled({
      ...(inTerminal ? { process: hangUpAsInterrupt(process) } : {}),
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
    const exitCode = await ended;
    // As every program whose terminal is gone; Node crashes when it leaves one in the usual way.
    if (isTerminalClosed) process.kill(process.pid, "SIGHUP");
    return exitCode;
  } catch (cause) {
    if (!isStartError(cause)) throw cause;
    log.error(cause.message);
    return 1;
  }
}

/** Whoever closes the terminal in which he watches them has ended the show: SIGHUP is a Ctrl-C there, not a reload. */
function hangUpAsInterrupt(source: SignalSource): SignalSource {
  const both = (event: string) => (event === "SIGINT" ? ["SIGINT", "SIGHUP"] : event === "SIGHUP" ? [] : [event]);
  return {
    on: (event, listener) => both(event).map((name) => source.on(name, listener)),
    off: (event, listener) => both(event).map((name) => source.off(name, listener)),
  };
}

function createView(running: () => RunningRemediator | undefined): View {
  const { stdout } = process;
  return new View({
    write: (text) => stdout.write(text),
    tty: stdout.isTTY,
    colour: wantsColour(stdout),
    // Some terminals say that they have none.
    columns: () => stdout.columns || 80,
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
