// Both daemons as services: what they may do, what they can still read, and that they come back, whatever ends them.
import { beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import type { Machine } from "../support/machine.ts";
import { DAEMONS, install, mainPids, metricsThatShow, property } from "./installation.ts";
import { bootMachine } from "./machine.ts";

/** Every way in which a worker can be somebody else's: another user, root, a unit of the template, a tree that shares its memory. */
const CONFIG = `
workers:
  - {name: steady, manager: systemd, unit: pitcrew-worker@steady.service, limits: {memory: 8GiB, measure: pss}}
  - {name: braking, manager: systemd, unit: pitcrew-worker@braking.service}
  - {name: of-root, manager: observe, match: {cmdline: "^/usr/bin/sleep 1001", user: root}, limits: {memory: 8GiB, measure: pss}}
  - {name: of-nobody, manager: observe, match: {cmdline: "^/usr/bin/sleep 1002", user: nobody}, limits: {memory: 8GiB, measure: pss}}
  - {name: tree, manager: observe, match: {cmdline: "^/bin/sh -c .*sleep 1003", user: daemon}, limits: {memory: 8GiB, measure: pss}}
exporter: {proportional_memory: {interval: 1s}}
remediator:
  dry_run: false
  webhook: {credentials_file: /etc/pitcrew/webhook.token}
  startup_grace: 0s
`;
const WORKER_UNITS = ["pitcrew-worker@steady", "pitcrew-worker@braking", "of-root", "of-nobody", "tree"];
const BLOCKER = "process.on('SIGUSR2', () => { for (;;); });";

let machine: Machine;
beforeAll(async () => {
  machine = await bootMachine();
  await machine.write("/etc/pitcrew/workers/steady", "#!/bin/sh\nexec sleep infinity\n", "0755");
  // It ends as the brake does when somebody writes to its pipe.
  await machine.write("/etc/pitcrew/workers/braking", "#!/bin/sh\nread -r word < /run/braking\nexit 42\n", "0755");
  await machine.must("mkfifo -m 0644 /run/braking");
  await machine.must("systemd-run --quiet --unit=of-root /usr/bin/sleep 1001");
  await machine.must("systemd-run --quiet --unit=of-nobody --uid=nobody /usr/bin/sleep 1002");
  await machine.must("systemd-run --quiet --unit=tree --uid=daemon /bin/sh -c 'sleep 1003 & sleep 1003 & wait'");
  await install(machine, { config: CONFIG });
  await machine.must("systemctl start pitcrew-worker@steady pitcrew-worker@braking");
});

describe("what they may do", () => {
  test("systemd finds nothing wrong with any unit", async () => {
    const units =
      "pitcrew-exporter.service pitcrew-remediator.service pitcrew-workers.slice pitcrew-worker@steady.service";
    const { code, stdout, stderr } = await machine.run(`systemd-analyze verify --man=no ${units}`);
    expect({ code, said: stdout + stderr }).toEqual({ code: 0, said: "" });
  });

  test.each([
    ["pitcrew-exporter", 1.8],
    ["pitcrew-remediator", 1.7],
  ])("%s is exposed by at most %d of 10", async (daemon, most) => {
    const text = await machine.must(
      `systemd-analyze security --no-pager --offline=true /etc/systemd/system/${daemon}.service | grep Overall`,
    );
    expect(Number(/: ([0-9.]+)/.exec(text)?.[1])).toBeLessThanOrEqual(most);
  });
});

test("the exporter reads the proportional memory of every worker, whoever it belongs to, as root sees it", async () => {
  for (const [worker, unit] of [
    ["steady", "pitcrew-worker@steady"],
    ["braking", "pitcrew-worker@braking"],
    ["of-root", "of-root"],
    ["of-nobody", "of-nobody"],
    ["tree", "tree"],
  ] as const) {
    const label = `worker="${worker}"`;
    const line = new RegExp(`^pitcrew_worker_proportional_memory_bytes\\{.*${label}.*\\} (\\d+)$`, "m");
    const text = await metricsThatShow(machine, line);
    const group = await property(machine, unit, "ControlGroup");
    const roots = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];
    const procs = roots.map((root) => `${root}${group}/cgroup.procs`).join(" ");
    const pids = await machine.must(`cat ${procs} 2>/dev/null; true`);
    const files = pids.split("\n").map((pid) => `/proc/${pid}/smaps_rollup`);
    const kib = await machine.must(`awk '/^Pss:/ { sum += $2 } END { print sum }' ${files.join(" ")}`);
    const ratio = Number(line.exec(text)?.[1]) / (Number(kib) * 1024);
    // What they share with others changes as these come and go.
    expect(ratio, worker).toBeGreaterThan(0.5);
    expect(ratio, worker).toBeLessThan(2);
    const errors = text
      .split("\n")
      .filter((it) => it.startsWith("pitcrew_worker_read_errors_total") && it.includes(label));
    expect(errors.filter((it) => !it.endsWith(" 0"))).toEqual([]);
  }
});

describe("who may give orders", () => {
  const as = (user: string, line: string, groups = "") =>
    machine.run(`runuser -u ${user} ${groups.replaceAll(/\S+/g, "-G $&")} -- ${line}`);

  test("the exporter's user, who is in the group that reads, is refused by the control socket", async () => {
    expect(await machine.must("stat -c '%a %U:%G' /run/pitcrew/control.sock")).toBe("660 pitcrew:pitcrew-operators");
    const groups = await machine.must(
      `sed -n 's/^Groups:[[:space:]]*//p' /proc/${await property(machine, "pitcrew-exporter", "MainPID")}/status`,
    );
    const idOf = (group: string) => machine.must(`getent group ${group} | cut -d: -f3`);
    expect(groups.trim().split(" ")).toContain(await idOf("pitcrew"));
    expect(groups.trim().split(" ")).not.toContain(await idOf("pitcrew-operators"));
    const [worker] = await mainPids(machine, ["pitcrew-worker@steady"]);
    for (const order of ["stop steady", "restart steady", "pause --for 1h --reason x"]) {
      const { code, stderr } = await as("pitcrew-exporter", `pitcrew ${order}`, "pitcrew");
      expect(code).toBe(1);
      expect(stderr).toContain("may not open /run/pitcrew/control.sock");
      expect(stderr).toContain("pitcrew-operators");
    }
    expect(await mainPids(machine, ["pitcrew-worker@steady"])).toEqual([worker]);
    expect(await machine.must("pitcrew status")).not.toContain("paused");
  });

  test("the remediator's own user, and people who are in the operators' group, are heard", async () => {
    await machine.must("useradd --system --groups pitcrew,pitcrew-operators ann");
    for (const user of ["pitcrew", "ann"]) {
      const { code, stderr } = await as(user, `pitcrew pause steady --for 1h --reason by-${user}`);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(await machine.must("pitcrew status")).toContain(`by-${user}`);
      await machine.must("pitcrew resume steady");
    }
  });
});

describe("workers of the template", () => {
  test("run as their user, before the daemons when memory runs out, with a corner for their brake that pitcrew can read", async () => {
    const pid = await property(machine, "pitcrew-worker@steady", "MainPID");
    expect(await machine.must(`stat -c %U /proc/${pid}; cat /proc/${pid}/oom_score_adj`)).toBe("pitcrew-worker\n300");
    expect(await machine.must("stat -c '%a %U:%G' /run/pitcrew/workers/steady")).toBe("2770 pitcrew-worker:pitcrew");
    expect(
      await machine.must(`tr '\\0' '\\n' < /proc/${pid}/environ | grep -E '^PITCREW|NOTIFY|CREDENTIALS' | sort`),
    ).toBe("PITCREW_RUN_DIRECTORY=/run/pitcrew\nPITCREW_WORKER=steady");
  });

  test("have backstops, and the daemons are protected: not all of it is in a container's power, but it is what systemd is told", async () => {
    const told = (unit: string, names: string) =>
      machine.must(`for name in ${names}; do systemctl show --property=$name ${unit}; done`);
    expect(
      await told(
        "pitcrew-worker@steady",
        "Restart SuccessExitStatus RestartForceExitStatus RuntimeMaxUSec MemoryHigh OOMPolicy",
      ),
    ).toBe(
      "Restart=on-failure\nSuccessExitStatus=42\nRestartForceExitStatus=42\nRuntimeMaxUSec=1w\nMemoryHigh=infinity\nOOMPolicy=kill",
    );
    expect(await property(machine, "pitcrew-worker@steady", "MemoryMax")).toMatch(/^\d+$/);
    for (const daemon of DAEMONS)
      expect(await told(daemon, "Type Restart WatchdogUSec StartLimitIntervalUSec OOMScoreAdjust MemoryMin")).toBe(
        "Type=notify\nRestart=always\nWatchdogUSec=2min\nStartLimitIntervalUSec=0\nOOMScoreAdjust=-900\nMemoryMin=100663296",
      );
  });
});

describe("whatever ends them", () => {
  test.each(DAEMONS)("%s is back within seconds after a kill -9, and no worker has noticed", async (daemon) => {
    const workers = await mainPids(machine, WORKER_UNITS);
    const before = await property(machine, daemon, "MainPID");
    await machine.must(`kill -9 ${before}`);
    await eventually(
      async () => {
        const [pid, state] = [
          await property(machine, daemon, "MainPID"),
          await property(machine, daemon, "ActiveState"),
        ];
        return pid !== before && pid !== "0" && state === "active";
      },
      { what: "it to be back", within: machine.patienceMs },
    );
    await metricsThatShow(machine, /^pitcrew_\w+_build_info\{/m, daemon);
    expect(await mainPids(machine, WORKER_UNITS)).toEqual(workers);
  });

  test.each(DAEMONS)(
    "%s whose event loop is blocked is started again by the watchdog; one that turns is not",
    async (daemon) => {
      await machine.write("/etc/block.cjs", BLOCKER);
      await machine.write(
        `/run/systemd/system/${daemon}.service.d/watchdog.conf`,
        "[Service]\nWatchdogSec=4\nEnvironment=NODE_OPTIONS=--require=/etc/block.cjs\n",
      );
      await machine.must(`systemctl daemon-reload && systemctl restart ${daemon}`);
      const workers = await mainPids(machine, WORKER_UNITS);
      const before = await property(machine, daemon, "MainPID");
      const fedAt = async () => Number(await property(machine, daemon, "WatchdogTimestampMonotonic"));
      const first = await fedAt();
      await eventually(async () => (await fedAt()) > first + 8e6, {
        what: "twice its time to go by",
        within: machine.patienceMs,
      });
      expect(await property(machine, daemon, "MainPID")).toBe(before);

      await machine.must(`kill -USR2 ${before}`);
      await eventually(async () => (await property(machine, daemon, "NRestarts")) === "1", {
        what: "the watchdog to start it again",
        within: machine.patienceMs,
      });
      await eventually(async () => (await property(machine, daemon, "ActiveState")) === "active", {
        what: "it to be back",
      });
      expect(await machine.must(`journalctl -b -u ${daemon}`)).toMatch(
        /Watchdog timeout .*\n(.*\n)*.*Failed with result 'watchdog'/,
      );
      expect(await mainPids(machine, WORKER_UNITS)).toEqual(workers);
      await machine.must(
        `rm -r /run/systemd/system/${daemon}.service.d && systemctl daemon-reload && systemctl restart ${daemon}`,
      );
    },
  );

  test("no number of failures locks them out: mended, a configuration is picked up without a hand", async () => {
    await machine.must("cp -a /etc/pitcrew/pitcrew.yml /root/good.yml && echo 'workers: 1' > /etc/pitcrew/pitcrew.yml");
    await machine.run(`systemctl restart ${DAEMONS.join(" ")}`);
    // Six failures are more than systemd's own limit of five in ten seconds would allow.
    await eventually(async () => Number(await property(machine, "pitcrew-exporter", "NRestarts")) >= 3, {
      what: "it to be tried again and again",
      within: machine.patienceMs,
    });
    expect(await machine.must("journalctl -b -u pitcrew-exporter -o cat")).toMatch(/pitcrew\.yml:1:\d+: workers/);
    await machine.must("cp -a /root/good.yml /etc/pitcrew/pitcrew.yml");
    for (const daemon of DAEMONS)
      await eventually(async () => (await property(machine, daemon, "ActiveState")) === "active", {
        what: `${daemon} to be back`,
        within: machine.patienceMs,
      });
  });

  test("a worker's log is rotated under it, and what it writes afterwards is not lost", async () => {
    await machine.must(
      "systemd-run --quiet --unit=writing --uid=pitcrew -p StandardOutput=append:/var/log/pitcrew/writing.log sh -c 'echo before; read x < /run/braking; echo after; sleep 1000'",
    );
    await eventually(async () => (await machine.run("grep before /var/log/pitcrew/writing.log")).code === 0, {
      what: "a line",
    });
    await machine.must("logrotate -f /etc/logrotate.d/pitcrew");
    expect(await machine.must("cat /var/log/pitcrew/writing.log.1; wc -c < /var/log/pitcrew/writing.log")).toBe(
      "before\n0",
    );
    await machine.must("systemctl stop pitcrew-worker@braking; echo go > /run/braking");
    await eventually(async () => (await machine.must("cat /var/log/pitcrew/writing.log")) === "after", {
      what: "the next line",
    });
  });
});
