// The table of commands: their flags, and the room that carries each out, loaded only when it is called.
import type { ParseArgsConfig } from "node:util";
import { COLLECTOR_OPTIONS, collectorFlags } from "./collector-flags.ts";
import { configLoader, type Flags, logOf, textFlag, UsageError, webConfigReader } from "./flags.ts";

type Options = NonNullable<ParseArgsConfig["options"]>;

export interface CommandSpec {
  name: string;
  summary: string;
  /** After the name, in the usage line. */
  synopsis: string;
  options: Options;
  positionals: { least: number; most: number; what: string };
  daemon?: boolean;
  run(flags: Flags, positionals: readonly string[]): Promise<number>;
}

const COMMON: Options = {
  "config.file": { type: "string" },
  "log.level": { type: "string" },
  "log.format": { type: "string" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean" },
};
const WEB_CONFIG: Options = { "web.config.file": { type: "string" } };
const LISTEN_EXPORTER: Options = { "exporter.listen-address": { type: "string" } };
const LISTEN_REMEDIATOR: Options = { "remediator.listen-address": { type: "string" } };

const NONE = { least: 0, most: 0, what: "no arguments" };
const ONE_WORKER = { least: 1, most: 1, what: "one worker's name" };

const ACTION_SUMMARIES = {
  start: "the worker is meant to run; kept over reboots",
  stop: "the worker is meant to be down; kept over reboots, and nobody's alert",
  restart: "end it and start it again, through the same engine as an alert",
  recycle: "renew it gently, at a boundary of its work where it knows one",
  clear: "let a worker leave quarantine",
} as const;

export const COMMANDS: readonly CommandSpec[] = [
  {
    name: "up",
    summary: "exporter and remediator in one process: the main job on one machine",
    synopsis: "[--view]",
    options: {
      ...COMMON,
      ...WEB_CONFIG,
      ...LISTEN_EXPORTER,
      ...LISTEN_REMEDIATOR,
      ...COLLECTOR_OPTIONS,
      view: { type: "boolean" },
    },
    positionals: NONE,
    daemon: true,
    async run(flags) {
      const { up } = await import("./up.ts");
      return up({
        loadConfig: await configLoader(flags),
        readWebConfig: await webConfigReader(flags),
        log: await logOf(flags, flags.view === true),
        collecting: collectorFlags(flags),
        view: flags.view === true,
      });
    },
  },
  {
    name: "exporter",
    summary: "the exporter alone",
    synopsis: "",
    options: { ...COMMON, ...WEB_CONFIG, ...LISTEN_EXPORTER, ...COLLECTOR_OPTIONS },
    positionals: NONE,
    daemon: true,
    async run(flags) {
      const collecting = collectorFlags(flags);
      const { main } = await import("./exporter/main.ts");
      return main({
        loadConfig: await configLoader(flags),
        readWebConfig: await webConfigReader(flags),
        log: await logOf(flags),
        ...collecting,
      });
    },
  },
  {
    name: "remediator",
    summary: "the remediator alone",
    synopsis: "",
    options: { ...COMMON, ...WEB_CONFIG, ...LISTEN_REMEDIATOR },
    positionals: NONE,
    daemon: true,
    async run(flags) {
      const { main } = await import("./remediator/main.ts");
      return main({
        loadConfig: await configLoader(flags),
        readWebConfig: await webConfigReader(flags),
        log: await logOf(flags),
      });
    },
  },
  {
    name: "init",
    summary: "write a commented pitcrew.yml from the processes running now",
    synopsis: "--match REGEX [--force]",
    options: { ...COMMON, match: { type: "string" }, force: { type: "boolean" } },
    positionals: NONE,
    async run(flags) {
      const { init } = await import("./config/init.ts");
      const file = textFlag(flags, "config.file") ?? "pitcrew.yml";
      const match = textFlag(flags, "match");
      if (match === undefined) throw new UsageError("--match REGEX says which processes are workers");
      return init(
        { match, file, force: flags.force === true },
        { out: (line) => process.stdout.write(`${line}\n`), err: (line) => process.stderr.write(`${line}\n`) },
      );
    },
  },
  {
    name: "check",
    summary: "validate configuration and rules, and say what the rules would do now",
    synopsis: "[--prometheus.file FILE] [--alertmanager.file FILE] [--web.config.file FILE]",
    options: {
      ...COMMON,
      ...WEB_CONFIG,
      "prometheus.file": { type: "string" },
      "alertmanager.file": { type: "string" },
    },
    positionals: NONE,
    async run(flags) {
      const { runCheck } = await import("./remediator/cli/check.ts");
      return runCheck({
        configFile: textFlag(flags, "config.file"),
        prometheusFile: textFlag(flags, "prometheus.file"),
        alertmanagerFile: textFlag(flags, "alertmanager.file"),
        webConfigFile: textFlag(flags, "web.config.file"),
      });
    },
  },
  {
    name: "alertmanager",
    summary: "write an alertmanager.yml with a receiver and a route for each of many hosts",
    synopsis: "--file-sd FILE [--alertmanager.file FILE]",
    options: { ...COMMON, "file-sd": { type: "string" }, "alertmanager.file": { type: "string" } },
    positionals: NONE,
    async run(flags) {
      const { alertmanager } = await import("./remediator/cli/alertmanager.ts");
      const fileSd = textFlag(flags, "file-sd");
      if (fileSd === undefined) throw new UsageError("--file-sd FILE lists the remediators, as Prometheus' file_sd");
      return alertmanager({ fileSd, baseFile: textFlag(flags, "alertmanager.file") });
    },
  },
  {
    name: "units",
    summary: "(root) write the systemd units of supervised workers, and the right to use them",
    synopsis: "[--dry-run] [--user USER]",
    options: { ...COMMON, "dry-run": { type: "boolean" }, user: { type: "string" } },
    positionals: NONE,
    async run(flags) {
      const { units } = await import("./remediator/cli/units.ts");
      return units({
        config: (await configLoader(flags))(),
        dryRun: flags["dry-run"] === true,
        user: textFlag(flags, "user"),
      });
    },
  },
  {
    name: "status",
    summary: "workers, open incidents, pauses, budgets, health of the loop",
    synopsis: "[--json] [--watch]",
    options: { ...COMMON, json: { type: "boolean" }, watch: { type: "boolean" } },
    positionals: NONE,
    async run(flags) {
      const { status } = await import("./remediator/cli/status.ts");
      return status({ config: (await configLoader(flags))(), json: flags.json === true, watch: flags.watch === true });
    },
  },
  {
    name: "history",
    summary: "past incidents and what was done",
    synopsis: "[--json] [--worker W] [--since 24h]",
    options: { ...COMMON, json: { type: "boolean" }, worker: { type: "string" }, since: { type: "string" } },
    positionals: NONE,
    async run(flags) {
      const { history } = await import("./remediator/cli/history.ts");
      const { parseDuration } = await import("./config/units/duration.ts");
      const since = parseDuration(textFlag(flags, "since") ?? "24h");
      if (!since.ok) throw new UsageError(`--since: ${since.problem}`);
      return history({
        config: (await configLoader(flags))(),
        json: flags.json === true,
        worker: textFlag(flags, "worker"),
        sinceSeconds: since.value,
      });
    },
  },
  ...(["start", "stop", "restart", "recycle", "clear"] as const).map(
    (action): CommandSpec => ({
      name: action,
      summary: ACTION_SUMMARIES[action],
      synopsis: action === "clear" ? "WORKER" : "WORKER [--force] [--wait]",
      options: { ...COMMON, force: { type: "boolean" }, wait: { type: "boolean" } },
      positionals: ONE_WORKER,
      async run(flags, [worker = ""]) {
        const { order } = await import("./remediator/cli/order.ts");
        return order({
          config: (await configLoader(flags))(),
          action,
          worker,
          force: flags.force === true,
          wait: flags.wait === true,
        });
      },
    }),
  ),
  {
    name: "pause",
    summary: "hold all automation, starts included, for one worker or all",
    synopsis: "[WORKER] --for 1h --reason TEXT",
    options: { ...COMMON, for: { type: "string" }, reason: { type: "string" } },
    positionals: { least: 0, most: 1, what: "at most one worker's name" },
    async run(flags, [worker]) {
      const { pause } = await import("./remediator/cli/pauses.ts");
      const forText = textFlag(flags, "for");
      const reason = textFlag(flags, "reason");
      if (forText === undefined || reason === undefined)
        throw new UsageError("a pause needs --for DURATION and --reason TEXT");
      return pause({ config: (await configLoader(flags))(), worker, forText, reason });
    },
  },
  {
    name: "resume",
    summary: "end pauses",
    synopsis: "[WORKER]",
    options: COMMON,
    positionals: { least: 0, most: 1, what: "at most one worker's name" },
    async run(flags, [worker]) {
      const { resume } = await import("./remediator/cli/pauses.ts");
      return resume({ config: (await configLoader(flags))(), worker });
    },
  },
];
