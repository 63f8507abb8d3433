// Workers that are systemd's, on a real systemd: units of users' own, and those that `pitcrew units` writes for supervised workers.
import { beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import type { Machine } from "../support/machine.ts";
import {
  install,
  journalOf,
  LEAK_ONCE,
  mainPids,
  metricsThatShow,
  property,
  startUnit,
  state,
} from "./installation.ts";
import { bootMachine } from "./machine.ts";

const CONFIG = `
workers:
  - {name: owned, command: [/srv/leak-once, /srv/owned], user: pitcrew-worker, directory: /, limits: {memory: 100MiB}, stop: {drain: 0s, grace: 5s}}
  - {name: unit, manager: systemd, unit: unit-leak.service, limits: {memory: 100MiB}, stop: {drain: 0s, grace: 5s}}
  - {name: calm, command: [sleep, infinity], user: pitcrew-worker, directory: /}
  - {name: renews, manager: systemd, unit: renews.service}
  - {name: quick, manager: systemd, unit: quick.service}
  - {name: crashes, manager: systemd, unit: crashes.service, budget: 100/30m}
remediator:
  dry_run: false
  verify_for: 2s
  startup_grace: 0s
  max_concurrent: 5
  budget: 100/30m
  webhook: {credentials_file: /etc/pitcrew/webhook.token}
  guard: {when: always, interval: 1s, rules: [/etc/pitcrew/workers.rules.yml]}
`;

interface Incident {
  id: string;
  target: string;
  reason: string;
  state: string;
  story: readonly { text: string }[];
}

let machine: Machine;
beforeAll(async () => {
  machine = await bootMachine();
  await machine.must("useradd --system --no-create-home pitcrew-worker && mkdir -m 0777 -p /srv && chmod 0777 /srv");
  await machine.write("/srv/leak-once", LEAK_ONCE, "0755");
  await startUnit(machine, "unit-leak", "/srv/leak-once /srv/unit", "Restart=always");
  await machine.must("mkfifo -m 0666 /srv/renews /srv/quick");
  const RENEWS = "Restart=on-failure\nSuccessExitStatus=42\nRestartForceExitStatus=42";
  await startUnit(machine, "renews", "/bin/sh -c 'read -r word < /srv/renews; exit 42'", `${RENEWS}\nRestartSec=1`);
  // As it is by default: systemd starts it again after 100 ms, and forgets how it ended.
  await startUnit(machine, "quick", "/bin/sh -c 'read -r word < /srv/quick; exit 42'", RENEWS);
  await machine.write("/srv/crash", "#!/bin/sh\ntest -e /srv/mended && exec sleep infinity\nexit 3\n", "0755");
  await machine.write(
    "/etc/systemd/system/crashes.service",
    "[Unit]\nStartLimitIntervalSec=1h\nStartLimitBurst=3\n[Service]\nExecStart=/srv/crash\nRestart=on-failure\n",
  );
  await install(machine, { config: CONFIG });
});

async function incidentsOf(worker: string): Promise<readonly Incident[]> {
  const text = await machine.must(`pitcrew history --json --worker ${worker}`);
  return (JSON.parse(text) as { incidents: readonly Incident[] }).incidents;
}

function count(worker: string, metric: "restarts" | "exits", reason: string, value: number) {
  const line = `^pitcrew_worker_${metric}_total\\{.*worker="${worker}".*reason="${reason}"\\} ${value}$`;
  return metricsThatShow(machine, new RegExp(line, "m"), "pitcrew-remediator");
}

describe("a worker that leaks", () => {
  test.each([
    ["a supervised one", "owned", "pitcrew-worker-owned"],
    ["a unit of its own with Restart=always", "unit", "unit-leak"],
  ])("(%s) is renewed once: the fresh process is of the same unit, started by pitcrew", async (_, worker, unit) => {
    await eventually(
      async () => (await incidentsOf(worker)).some((it) => it.reason === "memory_limit" && it.state === "resolved"),
      { what: `${worker} to be renewed`, within: machine.patienceMs },
    );
    await count(worker, "restarts", "memory_limit", 1);
    await count(worker, "restarts", "external", 0);
    expect(await property(machine, unit, "NRestarts")).toBe("0");
    const [pid] = await mainPids(machine, [unit]);
    expect(await machine.must(`cat /proc/${pid}/comm; stat -c %U /proc/${pid}`)).toBe("sleep\npitcrew-worker");
  });

  test("has one line of the journal for each transition, in words", async () => {
    const [incident] = (await incidentsOf("unit")).filter(({ reason }) => reason === "memory_limit");
    const lines = (await journalOf(machine, "pitcrew-remediator"))
      .map(({ message }) => message)
      .filter((message) => message.includes(`incident=${incident?.id} `));
    expect(lines.map((line) => /^msg="(.*?)" component=remediator /.exec(line)?.[1])).toEqual(
      incident?.story.map(({ text }) => text),
    );
    expect(lines[0]).toMatch(/worker=unit state=open ladder=restart reason=memory_limit$/);
    expect(lines.at(-1)).toMatch(/worker=unit state=resolved ladder=restart reason=memory_limit$/);
  });
});

test("a supervised worker's unit is outside of the daemons' sandbox, and has what its brake needs", async () => {
  await state(machine, "calm", "up");
  const [pid] = await mainPids(machine, ["pitcrew-worker-calm"]);
  const environment = (await machine.must(`tr '\\0' '\\n' < /proc/${pid}/environ`)).split("\n");
  expect(environment).toEqual(expect.arrayContaining(["PITCREW_WORKER=calm", "PITCREW_RUN_DIRECTORY=/run/pitcrew"]));
  expect(environment.filter((it) => /^(NOTIFY_SOCKET|WATCHDOG_|CREDENTIALS_)/.test(it))).toEqual([]);
  expect(await machine.must(`cat /proc/${pid}/oom_score_adj`)).toBe("300");
  expect(await property(machine, "pitcrew-worker-calm", "Slice")).toBe("pitcrew-workers.slice");
  expect(await machine.must("stat -c '%a %U:%G' /run/pitcrew/workers/calm")).toBe("2770 pitcrew-worker:pitcrew");
});

test("exit 42 is answered by systemd alone, and recognised as the worker's request", async () => {
  const [former] = await mainPids(machine, ["renews"]);
  await machine.must("echo > /srv/renews");
  await count("renews", "restarts", "requested", 1);
  await count("renews", "exits", "requested", 1);
  expect(await mainPids(machine, ["renews"])).not.toEqual([former]);
  expect(await property(machine, "renews", "NRestarts")).toBe("1");
  expect(await incidentsOf("renews")).toEqual([]);
});

test("a restart by systemd so quick that it has forgotten the end is still the worker's own, never somebody else's", async () => {
  for (let round = 1; round <= 3; round++) {
    await machine.must("echo > /srv/quick");
    await eventually(
      async () =>
        sumOf(await metricsThatShow(machine, /worker="quick"/, "pitcrew-remediator"), "restarts", "quick") === round,
      { what: `restart ${round} to be on record`, within: machine.patienceMs },
    );
  }
  const text = await count("quick", "restarts", "external", 0);
  expect(sumOf(text, "exits", "quick")).toBe(3);
  expect(await property(machine, "quick", "NRestarts")).toBe("3");
  expect(await incidentsOf("quick")).toEqual([]);
});

function sumOf(text: string, metric: string, worker: string): number {
  const lines = text.matchAll(new RegExp(`^pitcrew_worker_${metric}_total\\{.*worker="${worker}".*\\} (\\d+)$`, "gm"));
  return [...lines].reduce((sum, [, value]) => sum + Number(value), 0);
}

test("an operator's systemctl stop pages nobody and holds, until systemctl start", async () => {
  const known = await Promise.all([incidentsOf("calm"), incidentsOf("renews")]);
  await machine.must("systemctl stop pitcrew-worker-calm renews");
  for (const [worker, unit] of [
    ["calm", "pitcrew-worker-calm"],
    ["renews", "renews"],
  ] as const) {
    await metricsThatShow(machine, new RegExp(`^pitcrew_worker_desired_up\\{.*worker="${worker}".*\\} 0$`, "m"));
    await metricsThatShow(machine, new RegExp(`^pitcrew_worker_up\\{.*worker="${worker}".*\\} 0$`, "m"));
    await state(machine, worker, "stopped");
    expect(await property(machine, unit, "ActiveState")).toBe("inactive");
  }
  await machine.must("systemctl start pitcrew-worker-calm renews");
  for (const worker of ["calm", "renews"]) {
    await metricsThatShow(machine, new RegExp(`^pitcrew_worker_desired_up\\{.*worker="${worker}".*\\} 1$`, "m"));
    await state(machine, worker, "up");
  }
  expect(await Promise.all([incidentsOf("calm"), incidentsOf("renews")])).toEqual(known);
});

test("a crash loop that hits systemd's start limit is quarantined, and recovers once it is mended", async () => {
  await machine.run("systemctl start crashes.service");
  await state(machine, "crashes", "quarantined");
  expect(await property(machine, "crashes", "ActiveState")).not.toBe("active");
  await machine.must("touch /srv/mended && pitcrew clear crashes");
  await state(machine, "crashes", "up");
  expect(await property(machine, "crashes", "ActiveState")).toBe("active");
});
