// From the keys of the file to what the rest of the program sees: paths absolute, `count` and `{index}` expanded.
import { resolve } from "node:path";
import type { Launch, Limits, Locator, ManagerSpec, WorkerSpec } from "../worker/spec.ts";
import type { Config, ExporterConfig } from "./config.ts";
import { defaultRules } from "./defaults.ts";
import { hasIndex, instancesOf, withIndex } from "./expand.ts";
import type { ConfigFile } from "./schema/file.ts";
import type { WorkerEntry } from "./schema/worker.ts";

/** What a file's product depends on beside the file. */
export interface Surroundings {
  /** What relative paths are resolved against. */
  folder: string;
  /** The `host` of a file that names none. */
  hostname: string;
  /** The systemd unit of a supervised worker, if it has one. */
  installedUnit: (worker: string) => string | undefined;
}

/** @param file absolute path of the configuration. */
export function productOf(keys: ConfigFile, file: string, surroundings: Surroundings): Config {
  const { folder, hostname } = surroundings;
  const { system, remediator } = keys;
  const { alertmanager, guard, journal, webhook } = remediator;
  const at = (path: string | undefined) => (path === undefined ? undefined : resolve(folder, path));
  return {
    file,
    host: keys.host ?? hostname,
    runDirectory: resolve(folder, keys.run_directory),
    stateDirectory: resolve(folder, keys.state_directory),
    logDirectory: resolve(folder, keys.log_directory),
    system: {
      minAvailableBytes: system.min_available_memory,
      criticalAvailableBytes: system.critical_available_memory,
    },
    workers: keys.workers.flatMap((entry) => workersOf(entry, surroundings)),
    exporter: { listen: keys.exporter.listen, proportional: proportionalOf(keys.exporter.proportional_memory) },
    remediator: {
      listen: remediator.listen,
      dryRun: remediator.dry_run,
      maxConcurrent: remediator.max_concurrent,
      minHealthy: new Map(Object.entries(remediator.min_healthy)),
      budget: remediator.budget,
      trustedAlerts: remediator.trusted_alerts,
      webhook: { credentialsFile: at(webhook.credentials_file) },
      alertmanager: alertmanager && {
        url: alertmanager.url,
        credentialsFile: at(alertmanager.credentials_file),
        timeoutSeconds: alertmanager.timeout,
      },
      journal: { maxAgeSeconds: journal.max_age, maxBytes: journal.max_size },
      guard: {
        when: guard.when,
        heartbeatTimeoutSeconds: guard.heartbeat_timeout,
        intervalSeconds: guard.interval,
        rules: guard.rules?.map((path) => resolve(folder, path)) ?? defaultRules(),
      },
      verifySeconds: remediator.verify_for,
      startupGraceSeconds: remediator.startup_grace,
    },
  };
}

function proportionalOf(keys: ConfigFile["exporter"]["proportional_memory"]): ExporterConfig["proportional"] {
  return keys && { intervalSeconds: keys.interval, maxResidentBytes: keys.max_resident };
}

function workersOf(entry: WorkerEntry, { folder, installedUnit }: Surroundings): WorkerSpec[] {
  const limits = limitsOf(entry.limits);
  return instancesOf(entry.name, entry.count).map(({ name, index }) => ({
    name,
    group: entry.name,
    index,
    manager: withUnit(managerOf(entry, index, folder), installedUnit(name)),
    limits,
    stop: { drainSeconds: entry.stop.drain, signal: entry.stop.signal, graceSeconds: entry.stop.grace },
    startIntervalSeconds: entry.start_interval,
    budget: entry.budget,
    cooldownSeconds: entry.cooldown,
  }));
}

function withUnit(manager: ManagerSpec, unit: string | undefined): ManagerSpec {
  return manager.kind === "supervised" && unit !== undefined ? { ...manager, unit } : manager;
}

function limitsOf(limits: WorkerEntry["limits"]): Limits {
  return {
    ...(limits.memory !== undefined && { memoryBytes: limits.memory }),
    ...(limits.memory_relief !== undefined && { memoryReliefBytes: limits.memory_relief }),
    measure: limits.measure,
    ...(limits.age !== undefined && { ageSeconds: limits.age }),
    ageJitter: limits.age_jitter,
    consecutiveBrakes: limits.consecutive_brakes,
  };
}

function managerOf(entry: WorkerEntry, index: number, folder: string): ManagerSpec {
  switch (entry.manager) {
    case "supervised":
      return { kind: "supervised", launch: launchOf(entry.command, entry, index, folder), restart: entry.restart };
    case "systemd":
      return {
        kind: "systemd",
        unit: withIndex(entry.unit, index),
        ...(entry.user !== undefined && { user: entry.user }),
      };
    case "command": {
      const stop = entry.stop_command;
      return {
        kind: "command",
        locator: locatorOf(entry, index, folder),
        launch: launchOf(entry.start, entry, index, folder),
        ...(stop !== undefined && { stopCommand: stop.map((argument) => withIndex(argument, index)) }),
        startAtBoot: entry.start_at_boot,
      };
    }
    case "observe":
      return { kind: "observe", locator: locatorOf(entry, index, folder) };
  }
}

type LaunchKeys = Pick<Extract<WorkerEntry, { manager: "supervised" }>, "directory" | "environment" | "user">;

function launchOf(argv: readonly string[], keys: LaunchKeys, index: number, folder: string): Launch {
  const environment = Object.entries(keys.environment).map(([name, value]) => [name, withIndex(value, index)]);
  return {
    argv: argv.map((argument) => withIndex(argument, index)),
    directory: resolve(folder, withIndex(keys.directory, index)),
    ...(keys.user !== undefined && { user: keys.user }),
    environment: Object.fromEntries(environment),
  };
}

type LocatorKeys = Pick<Extract<WorkerEntry, { manager: "observe" }>, "match" | "pidfile" | "count" | "name">;

function locatorOf({ match, pidfile, count = 1, name }: LocatorKeys, index: number, folder: string): Locator {
  if (pidfile !== undefined) return { kind: "pidfile", path: resolve(folder, withIndex(pidfile, index)) };
  // checks/locators.ts has refused a worker with neither.
  if (match === undefined) throw new Error(`worker ${name} has neither match nor pidfile`);
  return {
    kind: "match",
    cmdline: new RegExp(withIndex(match.cmdline, index)),
    ...(match.user !== undefined && { user: match.user }),
    ...(count > 1 && !hasIndex(match.cmdline) && { slot: { index, count } }),
  };
}
