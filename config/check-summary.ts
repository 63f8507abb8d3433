// What `pitcrew check` says of a good configuration: what it will do, in the order in which a reader asks.
import type { Locator, WorkerSpec } from "../worker/spec.ts";
import type { Config, ListenAddress } from "./config.ts";
import { formatDuration } from "./units/duration.ts";
import { formatSize } from "./units/size.ts";

const MAX_SHOWN = 20;

export function workerLines(config: Config): string[] {
  const { workers } = config;
  const shown = workers.slice(0, MAX_SHOWN);
  const width = Math.max(...shown.map(({ name }) => name.length));
  const lines = shown.map(
    (spec) => `${spec.name.padEnd(width)}  ${spec.manager.kind.padEnd(10)}  ${limitsText(spec)}; ${sourceText(spec)}`,
  );
  if (workers.length > shown.length) lines.push(`… and ${workers.length - shown.length} more`);
  return lines;
}

export function remediatorLines({ remediator, exporter }: Config): string[] {
  const { budget, maxConcurrent, dryRun, guard, minHealthy } = remediator;
  const lines = [
    `exporter on ${addressText(exporter.listen)}, remediator on ${addressText(remediator.listen)}`,
    `at most ${budget.starts} urgent renewals in ${formatDuration(budget.windowSeconds)}, ${maxConcurrent} at a time`,
    guard.when === "never" ? "guard: off" : `guard: ${guard.when}, every ${formatDuration(guard.intervalSeconds)}`,
  ];
  for (const [group, min] of minHealthy) lines.push(`planned renewals keep ${min} of ${group} up`);
  if (dryRun === true) lines.push("dry run: decides and records, does nothing");
  else if (dryRun !== false && dryRun.length > 0) lines.push(`dry run for ${dryRun.join(", ")}`);
  return lines;
}

/** Things that are allowed and seldom meant. */
export function noticeLines(config: Config, isRoot: boolean): string[] {
  const lines: string[] = [];
  if (isRoot) {
    const asRoot = config.workers.filter(startsAsPitcrewsUser).map(({ name }) => name);
    if (asRoot.length > 0) lines.push(`no user is written for ${asRoot.join(", ")}: it runs as root, as pitcrew does`);
  }
  if (config.remediator.webhook.credentialsFile === undefined) {
    lines.push(
      "no remediator.webhook.credentials_file is written: alerts by webhook are refused, the guard alone acts",
    );
  }
  return lines;
}

function startsAsPitcrewsUser({ manager }: WorkerSpec): boolean {
  return (manager.kind === "supervised" || manager.kind === "command") && manager.launch.user === undefined;
}

function limitsText({ limits }: WorkerSpec): string {
  const parts: string[] = [];
  if (limits.memoryBytes !== undefined) parts.push(`memory ${formatSize(limits.memoryBytes)}`);
  if (limits.memoryReliefBytes !== undefined) parts.push(`relief ${formatSize(limits.memoryReliefBytes)}`);
  if (limits.ageSeconds !== undefined) {
    parts.push(`age ${formatDuration(limits.ageSeconds)} ± ${Math.round(limits.ageJitter * 100)}%`);
  }
  return parts.length === 0 ? "no limits" : parts.join(", ");
}

function sourceText({ manager }: WorkerSpec): string {
  switch (manager.kind) {
    case "supervised":
      return manager.launch.argv.join(" ");
    case "systemd":
      return manager.unit;
    case "command":
    case "observe":
      return locatorText(manager.locator);
  }
}

function locatorText(locator: Locator): string {
  if (locator.kind === "pidfile") return `the process in ${locator.path}`;
  const whose = locator.user === undefined ? "" : ` of user ${locator.user}`;
  return `the process${whose} that matches ${locator.cmdline.source}`;
}

function addressText({ host, port }: ListenAddress): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
