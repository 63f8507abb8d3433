// The machine that the other tests of this folder boot.
import { existsSync, readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { SOURCE } from "../support/machine.ts";
import { bootMachine } from "./machine.ts";

test("a machine boots a systemd that finds nothing wrong, with Node and this project in it", async () => {
  const machine = await bootMachine();
  expect(await machine.must("systemctl is-system-running")).toBe("running");
  expect(await machine.must("cat /proc/1/comm")).toBe("systemd");
  expect(await machine.must("node --version")).toBe(process.version);
  expect(await machine.must(`node ${SOURCE}/dist/pitcrew.js --version`)).toContain("pitcrew");
  expect((await machine.run(`touch ${SOURCE}/dist/x`)).code).not.toBe(0);
});

test("what was written and enabled is there after a reboot; processes are not", async () => {
  const machine = await bootMachine();
  await machine.write(
    "/etc/systemd/system/idle.service",
    "[Service]\nExecStart=sleep infinity\n[Install]\nWantedBy=multi-user.target\n",
  );
  await machine.must("systemctl enable --now idle.service; mkdir /run/mark");
  const pid = await machine.must("systemctl show -P MainPID idle.service");
  await machine.reboot();
  expect(await machine.must("systemctl is-active idle.service")).toBe("active");
  expect(await machine.must("systemctl show -P MainPID idle.service")).not.toBe(pid);
  expect((await machine.run("test -e /run/mark")).code).toBe(1);
});

test("two machines at once know nothing of each other", async () => {
  const [first, second] = await Promise.all([bootMachine(), bootMachine()]);
  await first.must("systemd-run --unit=alone sleep infinity");
  await first.write("/etc/mark", "first");
  expect((await second.run("systemctl is-active alone")).stdout.trim()).toBe("inactive");
  expect((await second.run("test -e /etc/mark")).code).toBe(1);
  await second.destroy();
  expect(await first.must("systemctl is-active alone")).toBe("active");
});

test("a command that fails or never ends is told, not waited for", async () => {
  const machine = await bootMachine();
  await expect(machine.must("echo why >&2; exit 3")).rejects.toThrow(/exit 3: .*\nwhy/s);
  expect((await machine.run("sleep infinity", { within: 200 })).code).toBe(124);
  expect((await machine.run("cat", { stdin: "through" })).stdout).toBe("through");
});

test("nothing of a machine stays behind, however it ended", async () => {
  const before = cgroups();
  const machine = await bootMachine();
  await machine.must("systemd-run --unit=x sleep 98765");
  expect(cgroups().length).toBeGreaterThan(before.length);
  await machine.destroy();
  expect(cgroups()).toEqual(before);
  const other = await bootMachine();
  await other.powerOff();
  expect(cgroups()).toEqual(before);
});

function cgroups(): string[] {
  const own = (name: string) => name.startsWith(`pitcrew-machine-${process.pid}-`);
  return ["", "/systemd", "/unified"]
    .map((hierarchy) => `/sys/fs/cgroup${hierarchy}`)
    .filter((path) => existsSync(path))
    .flatMap((path) =>
      readdirSync(path)
        .filter(own)
        .map((name) => `${path}/${name}`),
    );
}
