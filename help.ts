// What --help prints.
import { COMMANDS, type CommandSpec } from "./commands.ts";
import { COLLECTOR_NAMES } from "./exporter/collector-names.ts";

const FLAGS: Readonly<Record<string, string>> = {
  "config.file": "configuration file (default: ./pitcrew.yml, then /etc/pitcrew/pitcrew.yml)",
  "log.level": "debug, info, warn or error (default: info)",
  "log.format": "logfmt or json (default: logfmt)",
  "exporter.listen-address": "where the exporter listens (default: exporter.listen, 127.0.0.1:10101)",
  "remediator.listen-address": "where the remediator listens (default: remediator.listen, 127.0.0.1:10102)",
  "collector.reader": "auto, procfs or portable (auto: procfs on Linux, portable elsewhere)",
  ...Object.fromEntries(
    COLLECTOR_NAMES.map((name) => [`no-collector.${name}`, `without the metrics of the ${name} collector`]),
  ),
  "web.config.file": "TLS and passwords, in the file format of every exporter (default: plain HTTP for everybody)",
  "prometheus.file": "also check this Prometheus configuration, with promtool",
  "alertmanager.file": "an Alertmanager configuration: check it too, or start from it (alertmanager: the packaged one)",
  "file-sd": "the remediators, as a list of Prometheus' file_sd: targets, and the label host",
  view: "show the workers and what happens to them, for people, instead of the log",
  match: "regular expression on the command line of the processes that are workers",
  json: "JSON for scripts",
  watch: "refresh in place until interrupted",
  worker: "only this worker",
  since: "how far back, such as 24h or 7d (default: 24h)",
  force: "skip cooldown and budget (init: overwrite the file)",
  wait: "wait for the end; exit 1 if it was held back or failed",
  for: "how long, such as 1h",
  reason: "why, for whoever finds it paused",
  help: "this text",
  version: "print the version",
};

export function generalHelp(): string {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length));
  const lines = COMMANDS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return `pitcrew keeps leaky, long-running workers from taking their machine down.

Usage: pitcrew COMMAND [FLAGS]

${lines.join("\n")}

pitcrew COMMAND --help tells its flags. Exit codes: 0 done, 1 failed, 2 usage or configuration error.
`;
}

export function commandHelp(command: CommandSpec): string {
  const names = Object.keys(command.options).filter((name) => FLAGS[name] !== undefined);
  const spelled = names.map((name) => `--${name}${command.options[name]?.type === "string" ? " VALUE" : ""}`);
  const width = Math.max(...spelled.map((text) => text.length));
  const lines = names.map((name, index) => `  ${(spelled[index] ?? "").padEnd(width)}  ${FLAGS[name] ?? ""}`);
  return `pitcrew ${command.name}: ${command.summary}

Usage: pitcrew ${[command.name, command.synopsis].filter((part) => part !== "").join(" ")}

${lines.join("\n")}
`;
}
