// A remediator that runs as root, because it starts workers outside systemd by itself, beside workers that are units of their own.
import { expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { type Machine, SOURCE } from "../support/machine.ts";
import { DAEMONS, install, mainPids, metricsThatShow, property, state } from "./installation.ts";
import { bootMachine } from "./machine.ts";

const UNIT = "pitcrew-worker-braking";
const UNITS = [UNIT, "pitcrew-worker@templated"];
const CORNER = "/run/pitcrew/workers/braking";
const BRAKING = `
workers:
  - {name: braking, command: [/usr/bin/node, /srv/braking.mjs], user: pitcrew-worker, directory: /}
  - {name: templated, manager: systemd, unit: pitcrew-worker@templated.service}`;
const OUTSIDE = `
  - {name: outside, manager: command, match: {cmdline: "^sleep 1001", user: pitcrew-worker}, start: [sleep, "1001"], user: pitcrew-worker}`;
const REST = `
remediator:
  dry_run: false
  verify_for: 1s
  startup_grace: 0s
  webhook: {credentials_file: /etc/pitcrew/webhook.token}
`;
/** Its record says which process wrote it: on being asked for relief, too. */
const WORKER = `
import { Brake } from "${SOURCE}/dist/worker/brake.js";
const brake = new Brake();
setInterval(() => brake.check(), 50);
`;

test("workers keep their corners when the remediator becomes root, restarts, boots, and becomes itself again", async () => {
  const machine = await bootMachine();
  await machine.write("/srv/braking.mjs", WORKER);
  await machine.write("/etc/pitcrew/workers/templated", "#!/bin/sh\nexec sleep infinity\n", "0755");
  await install(machine, { config: BRAKING + REST });
  await machine.must("systemctl enable --quiet --now pitcrew-worker@templated");
  await hasItsCorner(machine);
  const workers = await mainPids(machine, UNITS);

  await install(machine, { config: BRAKING + OUTSIDE + REST });
  expect(await runsAs(machine)).toBe("root");
  await hasItsCorner(machine);
  expect(await mainPids(machine, UNITS)).toEqual(workers);

  // What an installation or a person does at any time.
  await machine.must("systemd-tmpfiles --create && systemctl restart pitcrew-remediator");
  await hasItsCorner(machine);
  expect(await mainPids(machine, UNITS)).toEqual(workers);
  expect(await machine.must("pitcrew check")).toContain("as pitcrew.yml wants them");

  await machine.reboot();
  for (const daemon of DAEMONS) await metricsThatShow(machine, /^pitcrew_\w+_build_info\{/m, daemon);
  await hasItsCorner(machine);

  await install(machine, { config: BRAKING + REST });
  expect(await runsAs(machine)).toBe("pitcrew");
  await machine.must("pitcrew restart braking --wait");
  await hasItsCorner(machine);
});

async function runsAs(machine: Machine): Promise<string> {
  return machine.must(`stat -c %U /proc/${await property(machine, "pitcrew-remediator", "MainPID")}`);
}

/** The worker that runs now has written its record, can do so again, and both daemons read it. */
async function hasItsCorner(machine: Machine): Promise<void> {
  await state(machine, "braking", "up");
  const pid = await property(machine, UNIT, "MainPID");
  const record = async () => (await machine.run(`cat ${CORNER}/brake`)).stdout;
  await eventually(async () => (await record()).includes(`"pid":${pid},`), {
    what: `process ${pid} to write its brake's record`,
    within: machine.patienceMs,
  });
  for (const corner of [CORNER, "/run/pitcrew/workers/templated"])
    expect(await machine.must(`stat -c '%a %U:%G' ${corner}`)).toBe("2770 pitcrew-worker:pitcrew");
  await machine.must(`runuser -u pitcrew-worker -- touch ${CORNER}/again && rm ${CORNER}/again`);
  await metricsThatShow(machine, /^pitcrew_worker_consecutive_brakes\{.*worker="braking".*\} 0$/m);
  const errors = await metricsThatShow(machine, /^pitcrew_worker_read_errors_total\{.*worker="braking"/m);
  expect(errors).toMatch(/^pitcrew_worker_read_errors_total\{.*worker="braking".*source="brake".*\} 0$/m);
}
