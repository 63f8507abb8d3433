// The way back to a machine that has never seen pitcrew: what --uninstall and --purge leave, and what a first installation that fails does.
import { beforeAll, expect, test } from "vitest";
import type { Machine } from "../support/machine.ts";
import { fails, INSTALL, install, mainPids, metricsThatShow, startUnit, state } from "./installation.ts";
import { bootMachine } from "./machine.ts";
import { dies, release } from "./releases.ts";

const CONFIG = `
# Somebody's own words.
workers:
  - {name: other, manager: systemd, unit: other.service}
  - {name: owned, command: [sleep, infinity], user: pitcrew-worker, directory: /}
remediator:
  dry_run: false
  webhook: {credentials_file: /etc/pitcrew/webhook.token}
`;

/** Every path of the machine, every account, every unit: without what lives in /proc, the journal, and what systemd keeps for itself. */
const EVERYTHING = `
find / /run -xdev '(' -path /root -o -path /tmp -o -path /var/tmp -o -path /src -o -path /run/systemd -o -path '*/log/journal' ')' -prune \
  -o -printf '%p %y %m %u:%g %l\\n' | grep -v '^/etc/\\(sub[ug]id\\|g\\?shadow\\|group\\|passwd\\)-\\? '
find /etc -xdev -type f ! -name '*-' -exec sha256sum {} +
find /run/systemd /var/lib/systemd -name '*pitcrew*'
getent passwd
getent group
systemctl list-unit-files --no-legend
systemctl list-units --all --plain --no-legend '*pitcrew*' | tr -s ' '
systemctl --failed --no-legend`;

let machine: Machine;
let pristine: string[];
let broken: string;
beforeAll(async () => {
  machine = await bootMachine();
  pristine = await everything();
  await startUnit(machine, "other", "/usr/bin/sleep infinity", "User=nobody");
  await install(machine, { config: CONFIG });
  await machine.must(await release(machine, "1.0.0", "true"));
  for (const worker of ["other", "owned"]) await state(machine, worker, "up");
  broken = await release(machine, "3.0.0", dies("remediator"));
});

async function everything(): Promise<string[]> {
  return (await machine.must(EVERYTHING)).split("\n").toSorted();
}

test("ends the daemons and pitcrew's own workers, keeps configuration and journal, and touches no other unit", async () => {
  const [other] = await mainPids(machine, ["other"]);
  await machine.must("pitcrew pause other --for 9h --reason kept");
  const kept = async () =>
    [
      await machine.must("cd /etc/pitcrew && find . -type f -exec sha256sum {} + | sort; getent passwd pitcrew"),
      await machine.must("grep -c '\"kept\"' /var/lib/pitcrew/journal.jsonl; ls /var/log/pitcrew"),
    ].join("\n");
  const before = await kept();
  const said = await machine.must(`${INSTALL} --uninstall`);
  expect(said).toContain("kept: /etc/pitcrew, /var/lib/pitcrew");
  expect(await machine.must("systemctl list-units --all --plain --no-legend 'pitcrew*'")).toBe("");
  expect(await machine.must("systemctl list-unit-files --no-legend 'pitcrew*'; systemctl --failed --no-legend")).toBe(
    "",
  );
  expect(
    (
      await machine.run(
        "ls -d /opt/pitcrew /usr/local/bin/pitcrew /run/pitcrew /etc/systemd/system/*pitcrew* /etc/*.d/*pitcrew* /etc/polkit-1/*/*pitcrew*",
      )
    ).stdout,
  ).toBe("");
  expect((await machine.run("grep -l [p]itcrew.js /proc/[0-9]*/cmdline")).stdout).toBe("");
  expect(await kept()).toBe(before);
  expect(await mainPids(machine, ["other"])).toEqual([other]);
});

test("and installing again goes on with the same configuration and journal", async () => {
  expect(await install(machine)).not.toContain("This is a dry run");
  expect(await machine.must("sed -n 2p /etc/pitcrew/pitcrew.yml")).toBe("# Somebody's own words.");
  expect(await machine.must("pitcrew status")).toContain("kept");
  await metricsThatShow(machine, /^pitcrew_worker_up\{.*worker="other".*\} 1$/m);
});

test("--purge leaves nothing behind: no file, no account, no unit", async () => {
  await machine.must(`${INSTALL} --uninstall --purge`);
  await machine.must("systemctl disable --quiet --now other && rm /etc/systemd/system/other.service");
  await machine.must("systemctl daemon-reload");
  expect(await everything()).toEqual(pristine);
});

test("and so does a first installation that fails", async () => {
  const { stderr } = await fails(machine, broken);
  expect(stderr).toContain("nothing was installed");
  expect(await everything()).toEqual(pristine);
});

test("also after one that was killed while one of its daemons ran", async () => {
  await machine.must(
    `${broken} >/dev/null 2>&1 & until systemctl --quiet is-active pitcrew-exporter; do sleep 0.02; done; kill -9 $!; wait`,
  );
  const { stderr } = await fails(machine, `flock /run/pitcrew-install.lock true; ${broken}`);
  expect(stderr).toContain("nothing was installed");
  expect(await everything()).toEqual(pristine);
});
