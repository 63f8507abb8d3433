// A machine with pitcrew on it, put there by the real installer, and what its people see of it.
import { eventually } from "../support/eventually.ts";
import { type Machine, type RunResult, SOURCE } from "../support/machine.ts";

export const DAEMONS = ["pitcrew-exporter", "pitcrew-remediator"] as const;
export const INSTALL = `bash ${SOURCE}/systemd/install.sh`;
/** A worker that grows by so many MiB a second, up to a cap: the demonstration's. */
export const LEAKING_WORKER = `${SOURCE}/dist/demo/leaking-worker.js`;

/** A worker's script: it leaks until it is ended; the process after it does not, so that one renewal is all there is. */
export const LEAK_ONCE = `#!/bin/sh
test -e "$1" && exec sleep infinity
: > "$1"
exec /usr/bin/node ${LEAKING_WORKER} --mib-per-second 30 --at-most-mib 160
`;

/** Where pitcrew.yml is not given, the installer's own is used. */
export async function install(machine: Machine, { config, args = "" }: { config?: string; args?: string } = {}) {
  if (config !== undefined) await machine.write("/etc/pitcrew/pitcrew.yml", config, "0640");
  return machine.must(`${INSTALL} ${args}`);
}

export function property(machine: Machine, unit: string, name: string): Promise<string> {
  return machine.must(`systemctl show -P ${name} ${unit}`);
}

export function mainPids(machine: Machine, units: readonly string[] = DAEMONS): Promise<string[]> {
  return Promise.all(units.map((unit) => property(machine, unit, "MainPID")));
}

/** A unit of its own for a worker; `body` is more lines of [Service]. */
export async function startUnit(machine: Machine, name: string, command: string, body = ""): Promise<void> {
  const text = `[Service]\nExecStart=${command}\nUser=pitcrew-worker\n${body}\n[Install]\nWantedBy=multi-user.target\n`;
  await machine.write(`/etc/systemd/system/${name}.service`, text);
  await machine.must(`systemctl daemon-reload && systemctl enable --quiet --now ${name}.service`);
}

/** The body of an answer of a daemon in the machine. */
export function get(machine: Machine, url: string): Promise<string> {
  return machine.must(`node -e 'fetch("${url}").then((a) => a.text()).then((t) => process.stdout.write(t))'`);
}

export function metrics(machine: Machine, daemon: (typeof DAEMONS)[number] = "pitcrew-exporter"): Promise<string> {
  return get(machine, `http://127.0.0.1:${daemon === "pitcrew-exporter" ? 10101 : 10102}/metrics`);
}

/** Resolves with the scrape when a line of it matches. */
export function metricsThatShow(machine: Machine, line: RegExp, daemon?: (typeof DAEMONS)[number]): Promise<string> {
  const look = async () => {
    const text = await metrics(machine, daemon).catch(() => "");
    return line.test(text) && text;
  };
  return eventually(look, { what: `/metrics to show ${line.source}`, within: machine.patienceMs });
}

/** Resolves when `pitcrew status` shows the worker so. */
export function state(machine: Machine, worker: string, wanted: string): Promise<boolean> {
  const line = new RegExp(`^${worker} +${wanted}`, "m");
  return eventually(async () => line.test((await machine.run("pitcrew status")).stdout), {
    what: `${worker} to be ${wanted}`,
    within: machine.patienceMs,
  });
}

export interface JournalLine {
  /** syslog's: 3 error, 4 warning, 6 info. */
  priority: number;
  message: string;
}

/** What a unit's own processes have said in this boot, without what systemd said of it. */
export async function journalOf(machine: Machine, unit: string): Promise<JournalLine[]> {
  const text = await machine.must(
    `journalctl -b -o json --output-fields=PRIORITY,MESSAGE _SYSTEMD_UNIT=${unit}.service`,
  );
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { PRIORITY: string; MESSAGE: string })
    .map(({ PRIORITY, MESSAGE }) => ({ priority: Number(PRIORITY), message: MESSAGE }));
}

/** Every file, folder and link below these, with its size, owner, mode and times. */
export function snapshot(machine: Machine, places: readonly string[]): Promise<string> {
  return machine.must(`find ${places.join(" ")} -xdev -printf '%p %y %s %U:%G %m %T@ %i\\n' 2>/dev/null | sort; true`);
}

export async function fails(machine: Machine, line: string): Promise<RunResult> {
  const result = await machine.run(line);
  if (result.code === 0) throw new Error(`it should have failed: ${line}\n${result.stdout}`);
  return result;
}
