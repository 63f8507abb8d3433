// The kernel ends a worker at its own MemoryMax=: what systemd, a shim and the kernel's counts tell of it, and what pitcrew makes of that. On a
// machine with memory limits of cgroup v2 that are enforced, which no container of ours has.
import { beforeAll, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import type { Machine } from "../support/machine.ts";
import {
  DAEMONS,
  get,
  install,
  journalOf,
  mainPids,
  metricsThatShow,
  property,
  startUnit,
  state,
} from "../systemd/installation.ts";
import { bootVirtualMachine } from "./virtual-machine.ts";

const CONFIG = `
workers:
  - {name: kept, manager: systemd, unit: kept.service}
  - {name: left, manager: systemd, unit: left.service}
  - {name: child, manager: systemd, unit: child.service}
  - {name: owned, command: [/srv/once, /srv/owned], user: pitcrew-worker, directory: /}
remediator:
  dry_run: false
  verify_for: 2s
  startup_grace: 0s
  budget: 100/30m
  webhook: {credentials_file: /etc/pitcrew/webhook.token}
  guard: {when: always, interval: 1s, rules: [/etc/pitcrew/workers.rules.yml]}
`;
/** Everything of it in one cgroup, whose limit is the unit's. */
const SHIM_CONFIG = `
run_directory: /srv/shim/run
state_directory: /srv/shim/state
log_directory: /srv/shim/log
workers:
  - {name: shimmed, command: [/srv/once, /srv/shimmed], directory: /}
exporter: {listen: "127.0.0.1:10201"}
remediator: {listen: "127.0.0.1:10202", verify_for: 2s, startup_grace: 0s, guard: {when: always, interval: 1s}}
`;
/** Waits for a word in the pipe that it is given, then takes memory until something ends it; the process after it takes none. */
const ONCE = `#!/bin/sh
test -e "$1.done" && exec sleep infinity
read -r word < "$1"
: > "$1.done"
exec tail /dev/zero
`;
/** The same with a child. */
const PARENT = `#!/bin/sh
read -r word < "$1"
tail /dev/zero
exec sleep infinity
`;
const LIMIT = "MemoryMax=64M\nMemorySwapMax=0";

let machine: Machine;
beforeAll(async () => {
  machine = await bootVirtualMachine();
  await machine.must("useradd --system --no-create-home pitcrew-worker && mkdir -p /srv/shim && chmod 0777 /srv");
  await machine.must("mkfifo -m 0666 /srv/kept /srv/left /srv/child /srv/owned /srv/shimmed");
  await machine.write("/srv/once", ONCE, "0755");
  await machine.write("/srv/parent", PARENT, "0755");
  await startUnit(machine, "kept", "/srv/once /srv/kept", `${LIMIT}\nRestart=on-failure\nRestartSec=5`);
  await startUnit(machine, "left", "/srv/once /srv/left", LIMIT);
  await startUnit(machine, "child", "/srv/parent /srv/child", `${LIMIT}\nOOMPolicy=continue`);
  await machine.write("/etc/systemd/system/pitcrew-worker-owned.service.d/limit.conf", `[Service]\n${LIMIT}\n`);
  // A program starts ten times as slowly here.
  for (const daemon of DAEMONS)
    await machine.write(`/etc/systemd/system/${daemon}.service.d/slow.conf`, "[Service]\nTimeoutStartSec=10min\n");
  await install(machine, { config: CONFIG });
  for (const worker of ["kept", "left", "child", "owned"]) await state(machine, worker, "up");
});

interface Incident {
  reason: string;
  state: string;
  story: readonly { text: string }[];
}

async function crashesOf(worker: string): Promise<readonly Incident[]> {
  const text = await machine.must(`pitcrew history --json --worker ${worker}`);
  return (JSON.parse(text) as { incidents: readonly Incident[] }).incidents.filter(({ reason }) => reason === "crash");
}

/** The counter is there, and above 0. */
function counted(worker: string, metric: string, reason: string) {
  const line = `^pitcrew_worker_${metric}_total\\{.*worker="${worker}".*reason="${reason}"\\} [1-9]`;
  return metricsThatShow(machine, new RegExp(line, "m"), "pitcrew-remediator");
}

test("a unit that systemd starts again is on record as killed for its memory, and is started once", async () => {
  const former = await mainPids(machine, ["kept"]);
  await machine.must("echo > /srv/kept");
  await counted("kept", "exits", "oom_kill");
  const text = await counted("kept", "restarts", "crash");
  expect(text).toMatch(/^pitcrew_worker_restarts_total\{.*worker="kept".*reason="external"\} 0$/m);
  await state(machine, "kept", "up");
  expect(await mainPids(machine, ["kept"])).not.toEqual(former);
  expect(await property(machine, "kept", "NRestarts")).toBe("1");
  expect(await machine.must("journalctl -k -b --no-pager")).toContain("Memory cgroup out of memory");
});

test.each([
  ["a unit that systemd leaves alone", "left", "left"],
  ["a supervised worker's own unit", "owned", "pitcrew-worker-owned"],
])("%s is started again by pitcrew, for that reason, in one incident", async (_, worker, unit) => {
  await machine.must(`echo > /srv/${worker}`);
  await counted(worker, "exits", "oom_kill");
  await counted(worker, "restarts", "crash");
  await state(machine, worker, "up");
  await eventually(async () => (await crashesOf(worker)).every(({ state }) => state === "resolved"), {
    what: `the incident of ${worker} to be over`,
    within: machine.patienceMs,
  });
  const crashes = await crashesOf(worker);
  expect(crashes).toHaveLength(1);
  expect(crashes[0]?.story[0]?.text).toMatch(/^ended with exit code 137 \(oom_kill\)/);
  const [pid] = await mainPids(machine, [unit]);
  expect(await machine.must(`cat /proc/${pid}/comm`)).toBe("sleep");
});

test("a worker that outlives the end of its child is let be: the kill is counted, of the worker and of the machine", async () => {
  const former = await mainPids(machine, ["child"]);
  await metricsThatShow(machine, /^pitcrew_worker_oom_kills_total\{.*worker="child".*\} 0$/m);
  await machine.must("echo > /srv/child");
  const text = await metricsThatShow(machine, /^pitcrew_worker_oom_kills_total\{.*worker="child".*\} 1$/m);
  expect(text).toMatch(/^pitcrew_system_oom_kills_total\{.*\} [1-9]/m);
  expect(text).toMatch(/^pitcrew_worker_cgroup_memory_max_bytes\{.*worker="child".*\} 67108864/m);
  expect(await mainPids(machine, ["child"])).toEqual(former);
  expect(await crashesOf("child")).toEqual([]);
});

test("a worker with a shim is recognised by the kernel's count, and the shim is not the one that dies", async () => {
  await machine.write("/etc/shim.yml", SHIM_CONFIG);
  const limits = "-p MemoryMax=400M -p MemorySwapMax=0 -p OOMPolicy=continue -p OOMScoreAdjust=-500";
  await machine.must(`systemd-run --quiet --unit=shim ${limits} pitcrew up --config.file /etc/shim.yml`);
  const shows = (line: RegExp) =>
    eventually(async () => line.test(await get(machine, "http://127.0.0.1:10202/metrics").catch(() => "")), {
      what: line.source,
      within: machine.patienceMs,
    });
  await eventually(
    async () => /^shimmed +up/m.test((await machine.run("pitcrew status --config.file /etc/shim.yml")).stdout),
    { what: "the worker to be up", within: machine.patienceMs },
  );
  const former = await mainPids(machine, ["shim"]);
  await machine.must("echo > /srv/shimmed");
  await shows(/^pitcrew_worker_exits_total\{.*worker="shimmed".*reason="oom_kill"\} 1$/m);
  await shows(/^pitcrew_worker_restarts_total\{.*worker="shimmed".*reason="crash"\} 1$/m);
  expect(await mainPids(machine, ["shim"])).toEqual(former);
});

test("the daemons live through all of it, and say one line for each transition", async () => {
  expect(await property(machine, "pitcrew-exporter", "NRestarts")).toBe("0");
  expect(await property(machine, "pitcrew-remediator", "NRestarts")).toBe("0");
  const lines = (await journalOf(machine, "pitcrew-remediator")).filter(({ message }) =>
    message.includes("worker=left"),
  );
  expect(lines.filter(({ message }) => message.includes("reason=oom_kill"))).toHaveLength(1);
  expect(lines.filter(({ priority }) => priority <= 3)).toEqual([]);
});
