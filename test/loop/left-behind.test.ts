// A slip in the configuration ends no process: what is no longer named runs on, is told of everywhere, and is adopted or ended by a word.
import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { count, isUp, leaky, metric, QUIET, started } from "../cases/scene.ts";
import { eventually } from "../support/eventually.ts";
import { createSite, isRunning, runCommand, startPitcrew } from "../support/pitcrew.ts";

const LIMIT = { within: 60_000 };

test("a worker that a reload no longer names runs on, is told of, is adopted when it is back, and is ended by pitcrew stop", {
  timeout: 240_000,
}, async () => {
  const site = createSite({
    remediator: QUIET,
    workers: (own) => `${leaky(own, "kept")}\n${leaky(own, "dropped")}`,
  });
  const pitcrew = await startPitcrew(site);
  const pid = await isUp(pitcrew, "dropped");
  await isUp(pitcrew, "kept");
  const whole = readFileSync(site.configFile, "utf8");
  const command = (...words: string[]) => runCommand([...words, "--config.file", site.configFile]);
  const isLeft = async () => (await pitcrew.status()).left_behind.some(({ worker }) => worker === "dropped");
  const drop = async () => {
    writeFileSync(site.configFile, whole.slice(0, whole.indexOf("  - name: dropped")));
    pitcrew.child.kill("SIGHUP");
    await eventually(isLeft, { what: "it to be left behind", ...LIMIT });
  };
  const putBack = async () => {
    writeFileSync(site.configFile, whole);
    pitcrew.child.kill("SIGHUP");
    await eventually(async () => (await pitcrew.status()).workers.length === 2, { what: "both", ...LIMIT });
  };

  await drop();
  const told = `dropped runs on as pid ${pid}`;
  await eventually(() => pitcrew.log().includes(told), { what: "the log", ...LIMIT });
  expect((await command("status")).stdout).toContain(`NOT CONFIGURED  ${told}`);
  expect((await command("check")).stdout).toContain(told);
  expect(isRunning(pid)).toBe(true);

  await putBack();
  await eventually(async () => (await pitcrew.worker("dropped")).pid === pid, { what: "the same process", ...LIMIT });
  expect(await isLeft()).toBe(false);

  await drop();
  expect(await command("stop", "kept-1")).toMatchObject({ code: 1 });
  expect(await command("stop", "dropped", "--wait")).toMatchObject({ code: 0 });
  expect(isRunning(pid)).toBe(false);
  expect(count(site, "dropped", "term")).toBe(1);
  expect(await isLeft()).toBe(false);

  await putBack();
  await started(site, "dropped", 2);
  expect(count(site, "kept", "start")).toBe(1);
  expect(await metric(pitcrew, 'pitcrew_remediator_config_last_reload_successful{host="test-host"}')).toBe(1);
});
