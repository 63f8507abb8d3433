// What pitcrew depends on is away, hangs, or is wrong.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { createSite, isRunning, runCommand, startPitcrew } from "../support/pitcrew.ts";
import { isUp, leaky, metric, QUIET } from "./scene.ts";

/** A worker that is being stopped by a command that never ends; `stopper` resolves with the command's pid. */
async function hung(grace: string) {
  const site = createSite({
    remediator: `${QUIET}\n  max_concurrent: 2`,
    workers: (own) => `  - name: hung
    manager: command
    pidfile: ${join(own.directory, "hung.pid")}
    start: [/bin/true]
    stop_command: [/bin/sh, -c, "echo $$ > ${join(own.directory, "stopper")}; sleep 500"]
    stop: {grace: ${grace}}
${leaky(own, "other")}`,
  });
  const worker = spawn("sleep", ["600"], { stdio: "ignore" });
  onTestFinished(() => void worker.kill("SIGKILL"));
  const gone = once(worker, "exit");
  writeFileSync(join(site.directory, "hung.pid"), `${worker.pid}\n`);
  const pitcrew = await startPitcrew(site);
  await isUp(pitcrew, "hung");
  expect((await runCommand(["stop", "hung", "--config.file", site.configFile])).code).toBe(0);
  const file = join(site.directory, "stopper");
  const stopper = () =>
    eventually(() => existsSync(file) && Number(readFileSync(file, "utf8")), {
      what: "the stop command",
      within: 60_000,
    });
  return { gone, pitcrew, site, stopper, worker };
}

describe("case 25: pitcrew", () => {
  test("case 25: whose stop command hangs does meanwhile what else there is to do", { timeout: 180_000 }, async () => {
    const { pitcrew, site, stopper, worker } = await hung("600s");
    const before = await isUp(pitcrew, "other");
    await stopper();
    expect((await runCommand(["restart", "other", "--config.file", site.configFile])).code).toBe(0);
    await eventually(async () => ![null, before].includes((await pitcrew.worker("other")).pid), {
      what: "the other one",
      within: 60_000,
    });
    expect(worker.signalCode).toBeNull();
  });

  test("case 25: whose stop command hangs ends the worker by force when its grace is over, and the command, too", {
    timeout: 180_000,
  }, async () => {
    const { gone, stopper } = await hung("1s");
    const pid = await stopper();
    expect(await gone).toEqual([null, "SIGKILL"]);
    await eventually(() => !isRunning(pid), { what: "the stop command to be ended", within: 60_000 });
  });

  test("case 25: that is told to read a bad configuration keeps the old one, and says so", {
    timeout: 180_000,
  }, async () => {
    const site = createSite({ remediator: QUIET, workers: (own) => leaky(own, "w") });
    const pitcrew = await startPitcrew(site);
    const pid = await isUp(pitcrew, "w");
    const good = readFileSync(site.configFile, "utf8");
    const successful = 'pitcrew_remediator_config_last_reload_successful{host="test-host"}';
    writeFileSync(site.configFile, good.replace("workers:", "wrokers:"));
    pitcrew.child.kill("SIGHUP");
    await eventually(async () => (await metric(pitcrew, successful)) === 0, { what: "the refusal", within: 60_000 });
    expect(pitcrew.log()).toContain("the old one stays in force");
    expect(pitcrew.log()).toMatch(/wrokers.*did you mean workers/);
    expect((await pitcrew.worker("w")).pid).toBe(pid);
    writeFileSync(site.configFile, good);
    pitcrew.child.kill("SIGHUP");
    await eventually(async () => (await metric(pitcrew, successful)) === 1, { what: "the good one", within: 60_000 });
    expect(isRunning(pid)).toBe(true);
  });
});
