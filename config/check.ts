// `pitcrew check`: every problem of the configuration and the files it names, or what they mean and would do at this moment.
import { readFileSync } from "node:fs";
import { noticeLines, remediatorLines, workerLines } from "./check-summary.ts";
import { runTool, type ToolVerdict, toolRuns } from "./check-tools.ts";
import type { Config } from "./config.ts";
import { findConfigFile } from "./find.ts";
import { type LoadDeps, loadConfig } from "./load.ts";
import { ConfigError, formatProblem, printable } from "./problem.ts";
import { pathText } from "./source/found.ts";
import { type Path, readSource } from "./source/source-document.ts";
import { loadWebConfig } from "./web/load.ts";
import { webLines } from "./web/summary.ts";

export interface CheckOptions {
  /** `--config.file` */
  configFile: string | undefined;
  cwd: string;
  /** `--prometheus.file` */
  prometheusFile?: string | undefined;
  /** `--alertmanager.file` */
  alertmanagerFile?: string | undefined;
  /** `--web.config.file` */
  webConfigFile?: string | undefined;
}

export interface RulesSeen {
  problems: readonly { file: string; line: number; column: number; message: string }[];
  rules: readonly { alert: string; remediation: string }[];
}

/** What a rule asks for on the readings of this moment; without `worker`, of the host. */
export interface WouldDo {
  worker?: string | undefined;
  alert: string;
  remediation: string;
  text: string;
}

/** Nothing is wrong with the file itself. */
export interface Missing {
  /** The key that names it, in the worker's entry if there is one. */
  group?: string;
  path: Path;
  message: string;
}

export interface CheckDeps extends Partial<LoadDeps> {
  loadRules(paths: readonly string[]): RulesSeen;
  whatRulesWouldDoNow(config: Config): Promise<readonly WouldDo[]>;
  /** How systemd's units stand to the configuration; empty where there are none. */
  unitLines(config: Config): Promise<readonly string[]>;
  /** What would fail on this machine as it is now. */
  whatIsMissing(config: Config): Promise<readonly Missing[]>;
  out(line: string): void;
  err(line: string): void;
  /** PATH, to look for promtool and amtool. */
  searchPath?: string;
}

/** @returns the exit code: 0, or 2 if anything is wrong. */
export async function check(options: CheckOptions, deps: CheckDeps): Promise<number> {
  const { searchPath = process.env.PATH ?? "", isRoot = process.getuid?.() === 0 } = deps;
  const loaded = <T>(load: () => T): T | undefined => {
    try {
      return load();
    } catch (cause) {
      if (!(cause instanceof ConfigError)) throw cause;
      for (const problem of cause.problems) deps.err(formatProblem(problem));
      return undefined;
    }
  };
  const config = loaded(() => loadConfig(findConfigFile(options.configFile, options.cwd), deps));
  const { webConfigFile } = options;
  const web = webConfigFile === undefined ? "unnamed" : loaded(() => loadWebConfig(webConfigFile, { isRoot }));
  if (config === undefined || web === undefined) return 2;
  const { rules, problems } = deps.loadRules(config.remediator.guard.rules);
  for (const { file, line, column, message } of problems) {
    deps.err(printable(`${file}:${line}:${column}: ${message}`));
  }
  const verdicts = await Promise.all(
    toolRuns({
      rules: config.remediator.guard.rules,
      prometheus: options.prometheusFile,
      alertmanager: options.alertmanagerFile,
    }).map((run) => runTool(run, searchPath)),
  );
  const bad = verdicts.filter((verdict) => verdict.kind === "bad");
  for (const { run, lines } of bad) {
    for (const line of lines) deps.err(printable(`${run.file}: ${run.tool}: ${line.trim()}`));
  }
  if (problems.length > 0 || bad.length > 0) return 2;

  const section = (title: string, lines: readonly string[]): void => {
    if (lines.length === 0) return;
    deps.out(title);
    for (const line of lines) deps.out(printable(`  ${line}`));
  };
  deps.out(`${config.file} is good`);
  section(`Workers of ${config.host}`, workerLines(config));
  section("Remediator", remediatorLines(config));
  if (web !== "unnamed") section(`Both web servers (${options.webConfigFile})`, webLines(web));
  section(
    "Rules that ask for action",
    rules.map(({ alert, remediation }) => `${alert}: ${remediation}`),
  );
  section("What the rules would do at this moment", nowLines(await deps.whatRulesWouldDoNow(config)));
  section("Units of systemd", await deps.unitLines(config));
  section("Mind", [...noticeLines(config, isRoot), ...placedLines(config.file, await deps.whatIsMissing(config))]);
  section("Files of Prometheus and Alertmanager", verdictLines(verdicts, options));
  return 0;
}

/** With the place in the file, as a problem of the file would have it. */
function placedLines(file: string, missing: readonly Missing[]): string[] {
  if (missing.length === 0) return [];
  const source = readSource(readFileSync(file, "utf8"));
  const { workers = [] } = (source.value ?? {}) as { workers?: readonly { name?: unknown }[] };
  return missing.map(({ group, path, message }) => {
    const whole = group === undefined ? path : ["workers", workers.findIndex(({ name }) => name === group), ...path];
    return formatProblem({ file, ...source.position(whole, "value"), path: pathText(whole), message });
  });
}

function nowLines(doings: readonly WouldDo[]): string[] {
  if (doings.length === 0) return ["nothing: no worker and no floor is over its limit"];
  return doings.map(
    ({ worker, alert, remediation, text }) => `${worker ?? "the host"}: ${remediation} (${alert}): ${text}`,
  );
}

function verdictLines(verdicts: readonly ToolVerdict[], options: CheckOptions): string[] {
  const lines = verdicts.map((verdict) =>
    verdict.kind === "not_checked"
      ? `${verdict.run.file}: not checked, ${verdict.why}`
      : `${verdict.run.file}: ${verdict.run.tool} finds nothing wrong`,
  );
  if (options.prometheusFile === undefined) lines.push("prometheus.yml: not checked, name it with --prometheus.file");
  if (options.alertmanagerFile === undefined)
    lines.push("alertmanager.yml: not checked, name it with --alertmanager.file");
  return lines;
}
