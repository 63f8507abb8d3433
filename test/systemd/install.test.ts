// The installer on a fresh machine: one command, a dry run first, and nothing more than it says.
import { beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import type { Machine } from "../support/machine.ts";
import {
  DAEMONS,
  fails,
  INSTALL,
  install,
  journalOf,
  LEAKING_WORKER,
  mainPids,
  metricsThatShow,
  property,
  snapshot,
} from "./installation.ts";
import { bootMachine } from "./machine.ts";

const PLACES = ["/etc", "/opt", "/usr/local", "/run/pitcrew", "/var/lib/pitcrew", "/var/log/pitcrew"];

const CONFIG = `
workers:
  - name: leaky
    manager: command
    match: {cmdline: leaking-worker, user: pitcrew-worker}
    start: [/usr/bin/node, ${LEAKING_WORKER}, --mib-per-second, "1"]
    user: pitcrew-worker
    limits: {memory: 90MiB}
    stop: {drain: 0s, grace: 5s}
    cooldown: 0s
remediator:
  # The installer adds its key below.
  webhook: {credentials_file: /etc/pitcrew/webhook.token}
  startup_grace: 0s
`;

describe("before anything is installed", () => {
  let machine: Machine;
  beforeAll(async () => {
    machine = await bootMachine();
  });

  test("--dry-run tells every step and does none", async () => {
    const before = await snapshot(machine, PLACES);
    const said = await machine.must(`${INSTALL} --dry-run`);
    for (const word of ["/opt/pitcrew/versions/", "pitcrew-exporter.service", "webhook.token", "Nothing was changed"])
      expect(said).toContain(word);
    expect(await snapshot(machine, PLACES)).toBe(before);
    expect((await machine.run("getent passwd pitcrew")).code).not.toBe(0);
  });

  test.each([
    ["--purge", 2, "--purge goes with --uninstall"],
    ["--frobnicate", 2, "no option --frobnicate"],
    ["--config.file", 2, "--config.file needs a value"],
    ["--config.file /nowhere.yml", 1, "/nowhere.yml cannot be read"],
    ["--config.file a --match b", 2, "two ways of saying the same"],
    ["PREFIX=relative", 2, "must be an absolute path"],
    ["PREFIX='/opt/a b'", 2, "must be an absolute path"],
    ["PREFIX=/opt/../etc", 2, "must be an absolute path"],
    ["--match 'no such process'", 1, "no running process matches"],
  ])("%s is refused with a sentence, and nothing stays", async (args, code, sentence) => {
    const result = await fails(machine, `${INSTALL} ${args}`);
    expect(result.code).toBe(code);
    expect(result.stderr).toContain(sentence);
    expect((await machine.run("ls /opt/pitcrew /etc/pitcrew /etc/systemd/system/pitcrew*")).stdout).toBe("");
  });

  test("a configuration that is wrong is refused with its line, and nothing is installed", async () => {
    await machine.write("/root/bad.yml", "workers:\n  - {name: a, manger: observe}\n", "0600");
    const result = await fails(machine, `${INSTALL} --config.file /root/bad.yml`);
    expect(result.stderr).toMatch(/pitcrew\.yml:2:\d+: .*manger/);
    expect(result.stderr).toContain("nothing was installed");
    expect((await machine.run("ls /opt/pitcrew /etc/pitcrew /etc/systemd/system/pitcrew*")).stdout).toBe("");
  });

  test("uninstalling what is not there says nothing went wrong", async () => {
    expect(await machine.must(`${INSTALL} --uninstall --purge`)).toContain("Done");
  });
});

describe("a fresh installation", () => {
  let machine: Machine;
  let said: string;
  beforeAll(async () => {
    machine = await bootMachine();
    said = await install(machine);
  });

  test("is one command to a loop that works: both daemons run, will be back after a boot, and see a worker", async () => {
    for (const daemon of DAEMONS) {
      expect(await machine.must(`systemctl is-active ${daemon}; systemctl is-enabled ${daemon}`)).toBe(
        "active\nenabled",
      );
    }
    await metricsThatShow(machine, /^pitcrew_worker_up\{host="pitcrew-test",worker="journal",group="journal"\} 1$/m);
    await metricsThatShow(machine, /^pitcrew_remediator_dry_run\{.*\} 1$/m, "pitcrew-remediator");
    expect(await machine.must("pitcrew status")).toMatch(/^journal +up /m);
    expect(await machine.must("systemctl --failed --no-legend")).toBe("");
  });

  test("ends with what the rules would do now, and with the one line that turns it on, which does", async () => {
    expect(said).toMatch(/== What the rules would do at this moment\n {2}nothing/);
    const [, line = ""] = /turn it on:\n {2}sudo (.*)$/m.exec(said) ?? [];
    expect(await machine.must("pitcrew status")).toContain("DRY RUN");
    const before = await mainPids(machine);
    await machine.must(line.replaceAll("sudo ", ""));
    await eventually(async () => !(await machine.must("pitcrew status")).includes("DRY RUN"), {
      what: "it to be on",
      within: machine.patienceMs,
    });
    expect(await mainPids(machine)).toEqual(before);
  });

  test("done again, changes nothing and restarts nothing", async () => {
    const before = [await snapshot(machine, ["/etc", "/opt", "/usr/local"]), ...(await mainPids(machine))];
    const again = await install(machine);
    expect(again).toContain("pitcrew-remediator.service runs, and nothing of it changed");
    expect(again).not.toMatch(/^ {2}(write|remove|start) /m);
    expect([await snapshot(machine, ["/etc", "/opt", "/usr/local"]), ...(await mainPids(machine))]).toEqual(before);
  });

  test("keeps its secret from everybody but root, and hands it to the daemons alone", async () => {
    expect(await machine.must("stat -c '%a %U' /etc/pitcrew/webhook.token")).toBe("600 root");
    const post = (token: string) =>
      machine.must(
        `node -e 'fetch("http://127.0.0.1:10102/-/reload", {method: "POST", headers: {Authorization: "Bearer " + process.argv[1]}}).then((a) => console.log(a.status))' "${token}"`,
      );
    expect(await post("wrong")).toBe("401");
    expect(await post(await machine.must("cat /etc/pitcrew/webhook.token"))).toBe("200");
    expect((await machine.must("cat /etc/pitcrew/webhook.token")).length).toBeGreaterThanOrEqual(40);
  });

  test("gives Alertmanager's user a copy of the secret as soon as there is one", async () => {
    expect(await machine.must("stat -c '%a %U:%G' /etc/pitcrew/alertmanager.token")).toBe("640 root:root");
    await machine.must("useradd --system --no-create-home prometheus");
    await install(machine);
    const read = "setpriv --reuid prometheus --regid prometheus --clear-groups cat";
    expect(await machine.must(`${read} /etc/pitcrew/alertmanager.token`)).toBe(
      await machine.must("cat /etc/pitcrew/webhook.token"),
    );
    expect((await machine.run(`${read} /etc/pitcrew/webhook.token`)).code).not.toBe(0);
    expect(await machine.must("grep credentials_file: /etc/pitcrew/alertmanager.yml")).toContain(
      "/etc/pitcrew/alertmanager.token",
    );
  });
});

test("a worker over its limit is left alone while the run is dry, and renewed once it is turned on", async () => {
  const machine = await bootMachine();
  await machine.write("/root/pitcrew.yml", CONFIG, "0600");
  await machine.must("useradd --system --no-create-home pitcrew-worker");
  await machine.must(
    `systemd-run --quiet --unit=by-hand --uid=pitcrew-worker node ${LEAKING_WORKER} --mib-per-second 200 --at-most-mib 160`,
  );
  const said = await install(machine, { args: "--config.file /root/pitcrew.yml" });
  expect(await machine.must("sed -n '/^remediator:/,/dry_run/p' /etc/pitcrew/pitcrew.yml")).toBe(
    "remediator:\n  dry_run: true",
  );
  expect(said).toMatch(/leaky: restart \(PitcrewWorkerMemoryOverLimit\): .*dry run: nothing is done/);
  const history = () => machine.must("pitcrew history");
  await eventually(async () => (await history()).includes("dry run: would restart"), {
    what: "the dry run to be on record",
    within: machine.patienceMs,
  });
  expect(await property(machine, "by-hand", "ActiveState")).toBe("active");

  await machine.must(
    "sed -i 's/dry_run: *true/dry_run: false/' /etc/pitcrew/pitcrew.yml && systemctl reload pitcrew-remediator",
  );
  await eventually(async () => (await property(machine, "by-hand", "ActiveState")) !== "active", {
    what: "the worker to be ended",
    within: machine.patienceMs,
  });
  const fresh = await eventually(
    async () => {
      const lines = await journalOf(machine, "pitcrew-remediator");
      return lines.map(({ message }) => /msg="runs as pid (\d+)"/.exec(message)?.[1]).find((pid) => pid !== undefined);
    },
    { what: "a fresh one to run", within: machine.patienceMs },
  );
  // As its user, in nobody's sandbox (the machine itself has a filter), and not protected from the OOM killer as pitcrew is.
  const facts = (pid: string) => machine.must(`grep -E 'CapBnd|NoNewPrivs|Seccomp_filters' /proc/${pid}/status`);
  expect(await machine.must(`stat -c %U /proc/${fresh}; cat /proc/${fresh}/oom_score_adj`)).toBe("pitcrew-worker\n0");
  expect(await facts(fresh)).toBe(await facts("1"));
});
