// `pitcrew remediator`, and the remediator's half of `pitcrew up`.

import type { Config } from "../config/config.ts";
import { ConfigError } from "../config/problem.ts";
import { runUntilSignalled } from "../daemon/lifecycle.ts";
import { ListenError } from "../daemon/listen-error.ts";
import type { Log } from "../daemon/log.ts";
import { notifyReady } from "../daemon/readiness.ts";
import { tokenProblem } from "../daemon/token.ts";
import { type BuildInfo, readBuildInfo } from "../daemon/version.ts";
import type { WebConfig } from "../daemon/web-config/web-config.ts";
import { ControlSocketError } from "./api/control-socket.ts";
import { DirectoryError, prepareDirectories } from "./directories.ts";
import { JournalError } from "./incidents/journal.ts";
import { watchExits } from "./managers/exit-watch.ts";
import { leftBehind, leftBehindText } from "./managers/left-behind.ts";
import { Remediator, type RemediatorOptions } from "./remediator.ts";
import { openDoors } from "./server.ts";
import { stopSupervisedWorkers } from "./shutdown.ts";
import { lockStateDirectory } from "./state-lock.ts";

export interface StartOptions extends Omit<RemediatorOptions, "build"> {
  /** Reads the configuration again, or throws; undefined: it cannot be reloaded. */
  reload?: () => Config;
  /** TLS, passwords, headers; undefined: none of it. */
  readWebConfig?: (() => WebConfig) | undefined;
  build?: BuildInfo;
}

export interface RunningRemediator {
  /** With a trailing slash. */
  url: string;
  remediator: Remediator;
  /** Rejects, and keeps the old configuration, when the new one is bad. */
  reload(): Promise<void>;
  /** The workers live on, unless they are to end with it. */
  close(options: { stopWorkers: boolean }): Promise<void>;
}

/** Errors that one sentence explains: the entry prints it and exits 1. */
export function isStartError(cause: unknown): cause is Error {
  return (
    cause instanceof ListenError ||
    cause instanceof DirectoryError ||
    cause instanceof JournalError ||
    cause instanceof ControlSocketError
  );
}

/** @throws an error for which `isStartError` holds */
export async function startRemediator(options: StartOptions): Promise<RunningRemediator> {
  const { config, build = readBuildInfo() } = options;
  const log = options.log.child({ component: "remediator" });
  prepareDirectories(config);
  const lock = await lockStateDirectory(config.stateDirectory);
  try {
    return await startLocked({ ...options, log, build }, lock);
  } catch (cause) {
    lock.release();
    throw cause;
  }
}

async function startLocked(
  options: StartOptions & { build: BuildInfo },
  lock: { release(): void },
): Promise<RunningRemediator> {
  const { config } = options;
  const remediator = new Remediator(options);
  warnOfToken(config, options.log);
  warnOfLeftBehind(config, options.log);
  const reload = async () => reloadConfig(remediator, options.reload);
  const doors = await openDoors(remediator, reload, options.readWebConfig).catch(async (cause: unknown) => {
    await remediator.stop();
    throw cause;
  });
  await remediator.start();
  const exits = watchExits(config.runDirectory, (worker) => remediator.engine.lookAtWorker(worker));
  return {
    url: doors.url,
    remediator,
    reload,
    async close({ stopWorkers }) {
      remediator.closing = true;
      exits.close();
      await doors.close();
      await remediator.stop(stopWorkers ? stopSupervisedWorkers : undefined);
      lock.release();
    },
  };
}

function reloadConfig(remediator: Remediator, read: (() => Config) | undefined): void {
  const { log } = remediator;
  try {
    if (read === undefined) throw new Error("this process cannot read its configuration again");
    const next = read();
    const { config } = remediator;
    for (const key of ["runDirectory", "stateDirectory", "logDirectory", "host"] as const)
      if (next[key] !== config[key]) log.warn("takes effect at the next start", { key });
    const { host, logDirectory, runDirectory, stateDirectory } = config;
    remediator.replaceConfig({ ...next, host, logDirectory, runDirectory, stateDirectory });
    warnOfToken(next, log);
    warnOfLeftBehind(remediator.config, log);
    log.info("configuration reloaded", { workers: next.workers.length });
  } catch (cause) {
    remediator.reload = { ...remediator.reload, successful: false };
    log.error("the configuration was not reloaded; the old one stays in force", {
      problem: cause instanceof ConfigError ? cause.message : String(cause),
    });
    throw cause;
  }
}

/** Alertmanager's 401 would be the first sign of it, when an alert fires. */
function warnOfToken({ remediator }: Config, log: Log): void {
  const { credentialsFile: file } = remediator.webhook;
  const problem = file === undefined ? "no remediator.webhook.credentials_file is written" : tokenProblem(file);
  if (problem !== undefined) log.warn(`${problem}: alerts by webhook are refused, the guard alone acts`, { file });
}

function warnOfLeftBehind(config: Config, log: Log): void {
  for (const left of leftBehind(config))
    log.warn(`no longer in the configuration: ${leftBehindText(left)}`, {
      worker: left.worker,
      pid: left.incarnation.pid,
    });
}

export interface MainOptions {
  /** Called at the start, where its error is the caller's, and at each reload. */
  loadConfig: () => Config;
  readWebConfig: StartOptions["readWebConfig"];
  log: Log;
}

/** Runs until a signal and resolves with the exit code. */
export async function main({ loadConfig, readWebConfig, log }: MainOptions): Promise<number> {
  const config = loadConfig();
  const running = await startRemediator({ config, reload: loadConfig, readWebConfig, log }).catch((cause: unknown) => {
    if (!isStartError(cause)) throw cause;
    log.error(cause.message);
    return undefined;
  });
  if (running === undefined) return 1;
  log.info("remediator is listening", { url: running.url, workers: config.workers.length });
  const exitCode = runUntilSignalled({
    onReload: () => running.reload().catch(() => undefined),
    onStop: () => running.close({ stopWorkers: false }),
    log,
  });
  await notifyReady(log);
  return exitCode;
}
