// After a boot everything is up without a hand, and what the former boot left open is closed.
import { expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { DAEMONS, install, metricsThatShow, property, startUnit } from "./installation.ts";
import { bootMachine } from "./machine.ts";

// In a dry run an incident waits for ever: it is open when the machine goes down.
const CONFIG = `
workers:
  - {name: steady, manager: systemd, unit: pitcrew-worker@steady.service}
  - name: heavy
    manager: systemd
    unit: heavy.service
    limits: {memory: 1MiB, measure: rss}
remediator:
  dry_run: true
  webhook: {credentials_file: /etc/pitcrew/webhook.token}
`;

interface Incident {
  id: string;
  worker: string;
  state: string;
  reason: string;
}

test("a reboot brings daemons and workers back, and closes the incidents of the former boot as superseded", async () => {
  const machine = await bootMachine();
  await machine.write("/etc/pitcrew/workers/steady", "#!/bin/sh\nexec sleep infinity\n", "0755");
  await install(machine, { config: CONFIG });
  await startUnit(machine, "heavy", "/usr/bin/node -e 'setInterval(() => {}, 1e6)'", "Restart=always");
  await machine.must("systemctl enable --quiet --now pitcrew-worker@steady");
  const incidents = async () =>
    (JSON.parse(await machine.must("pitcrew history --json --worker heavy")) as { incidents: Incident[] }).incidents;
  const former = await eventually(
    async () => (await incidents()).find(({ reason, state }) => reason === "memory_limit" && state === "open"),
    { what: "an incident to be open", within: machine.patienceMs },
  );
  const invocation = await property(machine, "pitcrew-remediator", "InvocationID");

  await machine.reboot();

  for (const unit of [...DAEMONS, "pitcrew-worker@steady", "heavy"]) {
    await eventually(async () => (await property(machine, unit, "ActiveState")) === "active", {
      what: `${unit} to be up`,
      within: machine.patienceMs,
    });
  }
  expect(await property(machine, "pitcrew-remediator", "InvocationID")).not.toBe(invocation);
  await metricsThatShow(machine, /^pitcrew_worker_up\{.*worker="steady".*\} 1$/m);
  await metricsThatShow(machine, /^pitcrew_worker_up\{.*worker="heavy".*\} 1$/m);
  const closed = await eventually(
    async () => (await incidents()).find(({ id, state }) => id === former.id && state !== "open"),
    { what: "the former boot's incident to be closed", within: machine.patienceMs },
  );
  expect(closed.state).toBe("superseded");
  // The limit is still exceeded: that is another incident, about another process.
  await eventually(async () => (await incidents()).some(({ id, state }) => id !== former.id && state === "open"), {
    what: "an incident of this boot",
    within: machine.patienceMs,
  });
  expect(await machine.must("systemctl --failed --no-legend")).toBe("");
});
