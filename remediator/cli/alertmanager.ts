// `pitcrew alertmanager`: Alertmanager cannot template a webhook's address, so many hosts need a receiver and a route each.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Document, parseDocument } from "yaml";
import { packageRoot } from "../../config/package-root.ts";
import { ConfigError, fileProblem } from "../../config/problem.ts";
import { type RemediatorTarget, readTargets } from "./file-sd.ts";

export interface AlertmanagerCommand {
  /** Prometheus' file_sd list of the remediators. */
  fileSd: string;
  /** What the output is made from; by default the packaged alertmanager.yml. */
  baseFile: string | undefined;
}

/** The name of the receiver that is taken as the pattern, and replaced by one for each host. */
const PATTERN = "remediator";
/** Gets what asks for action on a host that is not in the list: nobody else could act on it. */
const UNKNOWN_HOST = "humans";
const DROP = "nobody";

const HEADER = (source: string, count: number) =>
  ` Written by \`pitcrew alertmanager\` from ${source}, for ${count} ${count === 1 ? "host" : "hosts"}. Change that list, not this file.`;

export function alertmanager(options: AlertmanagerCommand): number {
  const base = options.baseFile ?? join(packageRoot(), "alerts", "alertmanager.yml");
  const targets = readTargets(options.fileSd, readText(options.fileSd));
  process.stdout.write(configurationFor(targets, { base, text: readText(base), source: options.fileSd }));
  return 0;
}

/** @throws ConfigError if the base has no receiver and route to take as the pattern. */
export function configurationFor(
  targets: readonly RemediatorTarget[],
  { base, text, source }: { base: string; text: string; source: string },
): string {
  const parsed = parseDocument(text);
  const problem = parsed.errors[0];
  if (problem !== undefined) throw new ConfigError("invalid", [fileProblem(base, `not YAML: ${problem.message}`)]);
  const configuration = parsed.toJS() as Base | null;
  const receivers = configuration?.receivers ?? [];
  const routes = configuration?.route?.routes ?? [];
  const receiver = receivers.find(({ name }) => name === PATTERN);
  const route = routes.find((one) => one.receiver === PATTERN);
  const webhook = receiver?.webhook_configs?.[0];
  if (configuration === null || route === undefined || webhook === undefined)
    throw new ConfigError("invalid", [
      fileProblem(
        base,
        `needs a receiver "${PATTERN}" with a webhook and a route to it, which each host gets a copy of`,
      ),
    ]);
  for (const name of [UNKNOWN_HOST, DROP])
    if (!receivers.some((one) => one.name === name))
      throw new ConfigError("invalid", [
        fileProblem(base, `needs a receiver "${name}", for alerts of hosts that are not in the list`),
      ]);

  const hosts = targets.map((target) => ({ ...target, receiver: `${PATTERN}-${target.host}` }));
  const ours = {
    ...route,
    receiver: UNKNOWN_HOST,
    routes: [
      ...hosts.map(({ host, receiver: name }) => ({ receiver: name, matchers: [`host=${JSON.stringify(host)}`] })),
      { receiver: DROP, matchers: ['remediation="heartbeat"'] },
      // What nobody can act on is no reason to tell people every minute.
      { receiver: UNKNOWN_HOST, group_wait: "30s", group_interval: "5m", repeat_interval: "4h" },
    ],
  };
  const written = {
    ...configuration,
    route: { ...configuration.route, routes: routes.map((one) => (one === route ? ours : one)) },
    receivers: [
      ...hosts.map(({ receiver: name, url }) => ({ name, webhook_configs: [{ ...webhook, url }] })),
      ...receivers.filter((one) => one !== receiver),
    ],
  };
  const document = new Document(written, { aliasDuplicateObjects: false });
  document.commentBefore = HEADER(source, targets.length);
  return document.toString({ lineWidth: 0 });
}

interface Base {
  route?: { routes?: Record<string, unknown>[] };
  receivers?: { name: string; webhook_configs?: Record<string, unknown>[] }[];
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const message =
      code === "ENOENT"
        ? "does not exist: name the file that Prometheus' file_sd_configs name"
        : code === "EISDIR"
          ? "is a folder: name a file in it"
          : `cannot be read (${code ?? String(cause)})`;
    throw new ConfigError(code === "ENOENT" ? "not_found" : "unreadable", [fileProblem(file, message)], { cause });
  }
}
