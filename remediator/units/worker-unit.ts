// The unit of one supervised worker. Pitcrew is the one who starts it, again too: systemd runs it, keeps it apart and knows how it ended.
import { resolve } from "node:path";
import { launchEnvironment } from "../../worker/launch-environment.ts";
import type { Launch, WorkerSpec } from "../../worker/spec.ts";
import { plainPath, quoted, UnitTextError } from "./quote.ts";

/** The first line of everything that `pitcrew units` writes: nothing else is ever overwritten or removed. */
export const MARKER = "Written by `pitcrew units`";
export const WORKERS_SLICE = "pitcrew-workers.slice";

export interface UnitContext {
  /** The configuration that it follows from. */
  configFile: string;
  runDirectory: string;
  /** The remediator's: workers without a user of their own run as the user that pitcrew runs as. */
  user: string;
  /** The remediator's: it reads what workers write. */
  group: string;
}

/** systemd.service(5), "Command lines": what these mean at the beginning of a program no quoting takes away. */
const PREFIXES = /^[@:+!-]/;

/** @throws UnitTextError */
export function workerUnit(spec: WorkerSpec, launch: Launch, { configFile, runDirectory, user }: UnitContext): string {
  const { name, stop } = spec;
  return [
    header(configFile),
    "[Unit]",
    `Description=pitcrew worker ${name}`,
    "After=network.target",
    "# Whether it may start again is for pitcrew's own budgets to say.",
    "StartLimitIntervalSec=0",
    "",
    "[Service]",
    "Type=exec",
    `ExecStart=:${commandLine(name, launch)}`,
    `WorkingDirectory=${plainPath(launch.directory, `${name}: its directory`)}`,
    `User=${launch.user ?? user}`,
    ...environmentLines(spec, runDirectory),
    "# Pitcrew starts it again, and nobody else: two owners would start it twice.",
    "Restart=no",
    "# As pitcrew itself stops it: the signal to the worker's own process, and at the end of its grace SIGKILL to all of it.",
    "KillMode=mixed",
    `KillSignal=${stop.signal}`,
    `TimeoutStopSec=${Math.max(1, Math.ceil(stop.graceSeconds))}`,
    `Slice=${WORKERS_SLICE}`,
    "# Rather a worker than anything else of this machine.",
    "OOMScoreAdjust=300",
    "",
  ].join("\n");
}

export function header(configFile: string): string {
  return `# ${MARKER} from ${configFile.replace(/[\r\n]/g, "?")}: change that and run it again.`;
}

/** Behind a `:`, so that `$` stands for itself. */
function commandLine(name: string, { argv, directory }: Launch): string {
  const [program = "", ...args] = argv;
  // systemd looks a bare name up by itself, and takes nothing else that is not absolute.
  const path = program.includes("/") ? resolve(directory, program) : program;
  if (PREFIXES.test(path)) throw new UnitTextError(`${name}: a command cannot begin with ${path[0]}: write its path`);
  return [path, ...args].map((text) => quoted(text, `${name}: its command`)).join(" ");
}

function environmentLines(spec: WorkerSpec, runDirectory: string): string[] {
  // systemd itself sets HOME, USER, LOGNAME and PATH; of our own environment a unit gets nothing.
  const environment = launchEnvironment(spec, runDirectory, {}, () => undefined);
  return Object.entries(environment).map(
    ([name, value]) => `Environment=${quoted(`${name}=${value ?? ""}`, `${spec.name}: its variable ${name}`)}`,
  );
}
