// A web configuration that is spoilt while the daemons run: the old one stays in force, and the metric that an alert watches says so.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { parseSeries, seriesKey } from "../daemon/exposition-parser.ts";
import { eventually } from "../support/eventually.ts";
import { createSite, PROJECT, startPitcrew } from "../support/pitcrew.ts";

const GOOD = "http_server_config: {headers: {X-Frame-Options: deny}}\n";
const BAD = "http_server_config: {headers: {X-Frame-Options: deny}\nno such key: 1\n";

function siteWithWebConfig() {
  const site = createSite({ workers: () => "  - {name: idle, manager: observe, pidfile: none.pid}" });
  const webConfig = join(site.directory, "web.yml");
  const write = (text: string) => writeFileSync(webConfig, text);
  write(GOOD);
  chmodSync(webConfig, 0o600);
  return { site, webConfig, write };
}

/** Of both metrics of a daemon's last reload, and whether the good file's header is still sent. */
async function reloadOf(daemon: "exporter" | "remediator", url: string) {
  const answer = await fetch(`${url}metrics`);
  const series = parseSeries(await answer.text());
  const value = (name: string) =>
    series.get(seriesKey(`pitcrew_${daemon}_config_last_reload_${name}`, { host: "test-host" }));
  return {
    successful: value("successful"),
    frames: answer.headers.get("X-Frame-Options"),
  };
}

const well = { successful: 1, frames: "deny" };
const spoilt = { successful: 0, frames: "deny" };

test("the remediator's reload metric is 0 while the web configuration is bad, and 1 again when it is put right", async () => {
  const { site, webConfig, write } = siteWithWebConfig();
  const child = spawn(
    process.execPath,
    [
      join(PROJECT, "dist", "pitcrew.js"),
      "remediator",
      "--config.file",
      site.configFile,
      "--web.config.file",
      webConfig,
      "--log.format",
      "json",
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  onTestFinished(async () => {
    if (child.exitCode !== null) return;
    const exit = once(child, "exit");
    child.kill("SIGINT");
    await exit;
  });
  const url = await eventually(() => /"url":"(http:[^"]+)"/.exec(log)?.[1], { what: "the remediator", within: 60_000 });
  const now = () => reloadOf("remediator", url);
  expect(await now()).toEqual(well);
  write(BAD);
  await eventually(async () => (await now()).successful === 0, { what: "the bad file to be read", within: 60_000 });
  expect(await now()).toEqual(spoilt);
  // The configuration itself is good: reading that again must not cover the other up.
  child.kill("SIGHUP");
  await eventually(() => log.includes("configuration reloaded"), { what: "the reload", within: 60_000 });
  expect(await now()).toEqual(spoilt);
  write(GOOD);
  await eventually(async () => (await now()).successful === 1, { what: "the good file to be read", within: 60_000 });
});

test("both daemons of pitcrew up say so, each in its own metric", async () => {
  const { site, webConfig, write } = siteWithWebConfig();
  const pitcrew = await startPitcrew(site, {}, ["--web.config.file", webConfig]);
  const both = () =>
    Promise.all([reloadOf("exporter", pitcrew.exporterUrl), reloadOf("remediator", pitcrew.remediatorUrl)]);
  const become = (successful: number) =>
    eventually(async () => (await both()).every((daemon) => daemon.successful === successful), {
      what: `both reload metrics to be ${successful}`,
      within: 60_000,
    });
  expect(await both()).toEqual([well, well]);
  write(BAD);
  await become(0);
  expect(await both()).toEqual([spoilt, spoilt]);
  write(GOOD);
  await become(1);
});
