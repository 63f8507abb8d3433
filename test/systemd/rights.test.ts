// What stands between pitcrew and systemd: the rights of the remediator's user, generated units, a bus that hangs, users' own service managers.
import { beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import type { Machine } from "../support/machine.ts";
import { fails, install, journalOf, LEAK_ONCE, mainPids, metricsThatShow, startUnit, state } from "./installation.ts";
import { bootMachine } from "./machine.ts";

const CONFIG = `
workers:
  - {name: calm, command: [sleep, infinity], user: pitcrew-worker, directory: /}
  - {name: own, manager: systemd, unit: own.service}
remediator:
  dry_run: false
  verify_for: 2s
  startup_grace: 0s
  webhook: {credentials_file: /etc/pitcrew/webhook.token}
  guard: {when: always, interval: 1s, rules: [/etc/pitcrew/workers.rules.yml]}
`;

let machine: Machine;
beforeAll(async () => {
  machine = await bootMachine();
  await machine.must("useradd --system --no-create-home pitcrew-worker");
  await startUnit(machine, "own", "/usr/bin/sleep infinity");
  await install(machine, { config: CONFIG });
  await state(machine, "calm", "up");
});

describe("the remediator's right", () => {
  const as = (user: string, line: string) => `runuser -u ${user} -- systemctl --no-ask-password ${line}`;

  test("is for its workers' units, and the verbs that it uses", async () => {
    for (const verb of ["restart", "kill --signal=SIGCONT", "reset-failed", "stop", "start"])
      await machine.must(as("pitcrew", `${verb} own.service`));
    await machine.must(as("pitcrew", "restart pitcrew-worker-calm.service"));
  });

  test("is for nothing else", async () => {
    const units = ["own", "dbus", "pitcrew-exporter", "pitcrew-worker-calm"];
    const before = await mainPids(machine, units);
    for (const line of [
      "stop pitcrew-exporter.service",
      "kill --signal=CONT dbus.service",
      "start pitcrew-worker@x.service",
      "reload pitcrew-worker-calm.service",
      "set-property --runtime pitcrew-worker-calm.service MemoryMax=1G",
      "mask --runtime pitcrew-worker-calm.service",
      "enable own.service",
      "daemon-reload",
      "isolate rescue.target",
      "poweroff",
    ]) {
      const { stderr } = await fails(machine, as("pitcrew", line));
      expect(stderr).toContain("Interactive authentication required");
    }
    // Nor for a transient unit of a worker's name, which could be anything.
    await fails(machine, "runuser -u pitcrew -- systemd-run --no-ask-password --unit=pitcrew-worker-x.service true");
    expect(await mainPids(machine, units)).toEqual(before);
  });

  test.each(["pitcrew-exporter", "pitcrew-worker", "nobody"])("is not %s's", async (user) => {
    await fails(machine, as(user, "stop pitcrew-worker-calm.service"));
  });
});

test("drift is told by check and mended by units, which removes no unit that runs", async () => {
  const file = "/etc/systemd/system/pitcrew-worker-calm.service";
  await machine.must(`sed -i s/Restart=no/Restart=always/ ${file}`);
  expect(await machine.must("pitcrew check")).toContain(
    "pitcrew-worker-calm.service is not what follows from pitcrew.yml",
  );
  expect(await machine.must("pitcrew units --dry-run")).toMatch(/-Restart=always\n {2}\+Restart=no/);
  await machine.must("pitcrew units");
  expect(await machine.must(`grep -c Restart=no ${file}`)).toBe("1");
  await machine.must(
    "cp -a /etc/pitcrew/pitcrew.yml /root/whole.yml && sed -i '/name: calm/d' /etc/pitcrew/pitcrew.yml",
  );
  expect((await fails(machine, "pitcrew units --user nosuch")).stderr).toContain("there is no user nosuch");
  const { stderr } = await fails(machine, "pitcrew units");
  expect(stderr).toContain("pitcrew-worker-calm.service is not in pitcrew.yml any more, and runs");
  await machine.must(`test -e ${file} && cp -a /root/whole.yml /etc/pitcrew/pitcrew.yml && pitcrew units`);
});

test("a bus that hangs holds up neither the remediator nor its answers, and orders are carried out once it is back", async () => {
  const workers = await mainPids(machine, ["own", "pitcrew-worker-calm"]);
  await machine.must("systemctl kill --signal=STOP dbus.service");
  try {
    await machine.must("pitcrew restart calm");
    const told = async () =>
      (await journalOf(machine, "pitcrew-remediator")).some(({ message }) =>
        message.includes("did not answer within 5 s"),
      );
    await eventually(told, { what: "the hang to be told of", within: machine.patienceMs });
    await machine.must("pitcrew status");
    await metricsThatShow(machine, /^pitcrew_remediator_incidents_open/m, "pitcrew-remediator");
    // They do not collect: each is cut off.
    const waiting = await machine.must("grep -lx systemctl /proc/[0-9]*/comm 2>/dev/null | wc -l");
    expect(Number(waiting)).toBeLessThanOrEqual(4);
    expect((await mainPids(machine, ["own"]))[0]).toBe(workers[0]);
  } finally {
    await machine.must("systemctl kill --signal=CONT dbus.service");
  }
  await state(machine, "calm", "up");
  await machine.must("pitcrew restart own --wait");
  expect((await mainPids(machine, ["own"]))[0]).not.toBe(workers[0]);
});

test("units of a user's own service manager are renewed by that user's pitcrew, and their systemctl stop respected", async () => {
  // What PAM does where a person logs in.
  await machine.write(
    "/etc/systemd/system/user@.service.d/runtime.conf",
    "[Service]\nEnvironment=XDG_RUNTIME_DIR=/run/user/%i\n",
  );
  await machine.write("/srv/leak-once", LEAK_ONCE, "0755");
  await machine.must("useradd --create-home ann && systemctl daemon-reload && systemctl start user@$(id -u ann)");
  await machine.write(
    "/home/ann/.config/systemd/user/mine.service",
    "[Service]\nExecStart=/srv/leak-once /home/ann/leaked\nRestart=always\n",
  );
  await machine.write(
    "/home/ann/pitcrew.yml",
    `run_directory: run
state_directory: state
log_directory: log
workers:
  - {name: mine, manager: systemd, user: ann, unit: mine.service, limits: {memory: 100MiB}, stop: {drain: 0s, grace: 5s}}
exporter: {listen: "127.0.0.1:20101"}
remediator: {listen: "127.0.0.1:20102", verify_for: 2s, startup_grace: 0s, guard: {when: always, interval: 1s}}
`,
  );
  await machine.must("chown -R ann: /home/ann");
  const anns = (line: string) =>
    machine.must(`runuser -u ann -- env XDG_RUNTIME_DIR=/run/user/$(id -u ann) HOME=/home/ann ${line}`);
  await anns("systemctl --user daemon-reload");
  await anns("systemctl --user start mine");
  const up = "systemd-run --quiet --unit=anns --uid=ann --working-directory=/home/ann";
  await machine.must(`${up} /usr/local/bin/pitcrew up --config.file /home/ann/pitcrew.yml`);
  const status = async () => (await machine.run("pitcrew status --config.file /home/ann/pitcrew.yml")).stdout;
  await eventually(async () => /^mine +up .*1 memory_limit/m.test(await status()), {
    what: "ann's worker to be renewed",
    within: machine.patienceMs,
  });
  await anns("systemctl --user stop mine");
  await eventually(async () => /^mine +stopped/m.test(await status()), {
    what: "ann's stop to be respected",
    within: machine.patienceMs,
  });
  expect(await anns("systemctl --user show -P ActiveState mine")).toBe("inactive");
});
