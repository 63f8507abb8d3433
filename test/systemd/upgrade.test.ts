// A new version over a running one, and versions that fail.
import { beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import type { Machine } from "../support/machine.ts";
import { fails, install, mainPids, property, snapshot, startUnit } from "./installation.ts";
import { bootMachine } from "./machine.ts";
import { dies, instead, release, runsVersion } from "./releases.ts";

const CONFIG = `
# Somebody's own words.
workers:
  - {name: steady, manager: systemd, unit: pitcrew-worker@steady.service}
  - {name: other, manager: systemd, unit: other.service}
  - {name: owned, command: [sleep, infinity], user: pitcrew-worker, directory: /}
remediator:
  dry_run: false
  webhook: {credentials_file: /etc/pitcrew/webhook.token}
  guard: {rules: [/etc/pitcrew/workers.rules.yml]}
`;
const WORKERS = ["pitcrew-worker@steady", "other", "pitcrew-worker-owned"];
/** Where an installation has files, without the units of others. */
const OURS = ["/etc/systemd/system", "/etc/pitcrew", "/etc/tmpfiles.d", "/etc/sysusers.d", "/etc/logrotate.d", "/opt"];

let machine: Machine;
beforeAll(async () => {
  machine = await bootMachine();
  await machine.write("/etc/pitcrew/workers/steady", "#!/bin/sh\nexec sleep infinity\n", "0755");
  await startUnit(machine, "other", "/usr/bin/sleep infinity", "User=nobody");
  await install(machine, { config: CONFIG });
  await machine.must("systemctl enable --quiet --now pitcrew-worker@steady");
  await machine.must("sed -i '1i # edited' /etc/pitcrew/workers.rules.yml");
  for (const unit of WORKERS) await isActive(unit);
});

function isActive(unit: string) {
  return eventually(async () => (await property(machine, unit, "ActiveState")) === "active", {
    what: `${unit} to be up`,
    within: machine.patienceMs,
  });
}

describe("an upgrade over a running version", () => {
  const NEW_RULES = "echo '# new' | tee -a alerts/pipeline.rules.yml >> alerts/workers.rules.yml";
  let workers: string[];
  let said: string;
  beforeAll(async () => {
    workers = await mainPids(machine, WORKERS);
    said = await machine.must(await release(machine, "1.0.0", NEW_RULES));
  });

  test("runs both daemons of the new version, and touches no worker", async () => {
    expect(said).toMatch(/current becomes .* → 1\.0\.0-/);
    expect(await machine.must("pitcrew --version")).toContain("1.0.0");
    await runsVersion(machine, "1.0.0");
    expect(await mainPids(machine, WORKERS)).toEqual(workers);
    for (const unit of WORKERS) expect(await property(machine, unit, "NRestarts")).toBe("0");
  });

  test("keeps what somebody has edited, and renews what nobody has", async () => {
    expect(await machine.must("sed -n 2p /etc/pitcrew/pitcrew.yml")).toBe("# Somebody's own words.");
    expect(await machine.must("tail -n 1 /etc/pitcrew/pipeline.rules.yml")).toBe("# new");
    expect(await machine.must("head -n 1 /etc/pitcrew/workers.rules.yml")).toBe("# edited");
    expect(await machine.must("tail -n 1 /etc/pitcrew/workers.rules.yml")).not.toBe("# new");
    expect(said).toContain("workers.rules.yml is yours and stays");
  });

  test.each([
    ["while it copies the program", "1.0.1", "1.0.0", "test -e /opt/pitcrew/versions/.next"],
    ["after the switch, before the daemons are new", "1.0.2", "1.0.1", "readlink /opt/pitcrew/current | grep -q 1.0.2"],
  ])("an installer that was killed %s is no hindrance: done again, it is done", async (_, version, former, reached) => {
    const command = await release(machine, version, "true");
    await machine.must(`${command} >/dev/null & until ${reached}; do sleep 0.02; done; kill -9 $!; wait`);
    // What it had begun may still be at work, and holds the lock.
    expect(await machine.must(`flock /run/pitcrew-install.lock true; ${command}`)).toContain("Done");
    await runsVersion(machine, version);
    // One to go back to, and no more.
    const versions = (await machine.must("ls -A /opt/pitcrew/versions")).split("\n");
    expect(versions.map((name) => name.split("-")[0])).toEqual([former, version]);
    expect(await mainPids(machine, WORKERS)).toEqual(workers);
  });
});

describe("an upgrade that fails leaves the old version running, and says what to do", () => {
  test.each([
    ["cannot run at all", instead('import "./not-there.js";'), /does not run, see above: build it again/, false],
    ["refuses the configuration", dies("check"), /my last words(.*\n)*.*mend \/etc\/pitcrew\/pitcrew.yml/, false],
    [
      "has a remediator that does not start",
      dies("remediator"),
      /my last words(.*\n)*.*remediator.* does not run/,
      true,
    ],
    [
      "has units that are wrong",
      "sed -i 's/^Type=notify/Type=nonsense/; s/^ExecStart=.*/ExecStart=nonsense/' systemd/units/pitcrew-exporter.service",
      /pitcrew-exporter\.service .*does not run/,
      true,
    ],
  ])("a version that %s", async (_, change, sentence, isRestarted) => {
    const [workers, daemons] = [await mainPids(machine, WORKERS), await mainPids(machine)];
    const before = await files();
    const { code, stderr } = await fails(machine, await release(machine, "2.0.0", change));
    expect(code).toBe(1);
    expect(stderr).toMatch(sentence);
    expect(stderr).toContain("the version of before is in place and runs on; mend what is said above");
    expect(await files()).toBe(before);
    expect(await mainPids(machine, WORKERS)).toEqual(workers);
    if (!isRestarted) expect(await mainPids(machine)).toEqual(daemons);
    await runsVersion(machine, "1.0.2");
  });
});

describe("an installer that was killed, and one after it that fails, leave the version of before", () => {
  test.each([
    ["before it changes anything", dies("check"), "refuses this configuration"],
    ["when its daemons are to run", dies("remediator"), "does not run: its last words"],
  ])("which fails %s", async (_, change, sentence) => {
    const [before, workers] = [await files(), await mainPids(machine, WORKERS)];
    const killed = await release(
      machine,
      "1.1.0",
      "echo '# new' | tee -a systemd/units/*.service systemd/settings/*.conf",
    );
    await machine.must(
      `${killed} >/dev/null & until readlink /opt/pitcrew/current | grep -q 1.1.0; do sleep 0.02; done; kill -9 $!; wait`,
    );
    expect(await machine.must("tail -n 1 /etc/systemd/system/pitcrew-remediator.service")).toBe("# new");
    const failing = await release(machine, "2.0.0", change);
    const { stderr } = await fails(machine, `flock /run/pitcrew-install.lock true; ${failing}`);
    expect(stderr).toContain(sentence);
    expect(stderr).toContain("the version of before is in place and runs on");
    expect(await files()).toBe(before);
    expect(await mainPids(machine, WORKERS)).toEqual(workers);
    await runsVersion(machine, "1.0.2");
    expect((await machine.run("ls -d /var/lib/pitcrew-install")).stdout).toBe("");
  });
});

test("a first installation that was killed when all of it ran is what a later one, which fails, goes back to", async () => {
  const [before, workers] = [await files(), await mainPids(machine, WORKERS)];
  // What such a one leaves behind: it began with nothing, and made users and folders.
  await machine.must(
    "mkdir -m 0700 /var/lib/pitcrew-install && cd /var/lib/pitcrew-install && echo /opt/pitcrew > prefix && " +
      "echo - > former && echo /var/lib/pitcrew > folders && echo pitcrew > users",
  );
  const { stderr } = await fails(machine, await release(machine, "2.0.0", dies("check")));
  expect(stderr).toContain("the version of before is in place and runs on");
  expect(await files()).toBe(before);
  expect(await mainPids(machine, WORKERS)).toEqual(workers);
  await runsVersion(machine, "1.0.2");
});

test("on a disk that is full the old version runs on, and nothing of it is lost", async () => {
  const command = await release(machine, "2.0.0", "echo '# new' | tee -a systemd/units/*.service");
  const units = "/etc/systemd/system";
  await machine.must(
    `cp -a ${units} /root/units && mount -t tmpfs -o size=1m,mode=0755 tmpfs ${units} && cp -a /root/units/. ${units}`,
  );
  try {
    await machine.run(`head -c 2M /dev/zero > ${units}/fill`);
    const [before, daemons] = [await files(), await mainPids(machine)];
    const { stderr } = await fails(machine, command);
    expect(stderr).toContain("No space left on device");
    expect(stderr).toContain("the version of before is in place and runs on");
    expect(await files()).toBe(before);
    expect(await mainPids(machine)).toEqual(daemons);
  } finally {
    await machine.must(`umount ${units} && rm -r /root/units && systemctl daemon-reload`);
  }
});

/** A file that was put back is the same file to everybody who reads it: times and inodes are not compared. */
async function files(): Promise<string> {
  const listing = await snapshot(machine, OURS);
  const contents = await machine.must(`find ${OURS.join(" ")} -xdev -type f -exec sha256sum {} + | sort`);
  return listing.replaceAll(/ \d+\.\d+ \d+$/gm, "").replaceAll(/ d \d+ /g, " d ") + contents;
}
