// A configuration that is read again, good or bad.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Config } from "../../config/config.ts";
import { seriesKey } from "../daemon/exposition-parser.ts";
import { eventually } from "../support/eventually.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { config, workerSpec } from "./build.ts";
import { gate, serve, upOf } from "./serve.ts";

const reloadSuccessful = seriesKey("pitcrew_exporter_config_last_reload_successful", { host: "box" });
const reloadTime = seriesKey("pitcrew_exporter_config_last_reload_success_timestamp_seconds", { host: "box" });
describe("a reload", () => {
  async function reloadable(first: Config = config({ workers: [workerSpec("train-1"), workerSpec("train-2")] })) {
    const credentialsFile = join(temporaryDirectory(), "token");
    writeFileSync(credentialsFile, "s3cret\n");
    const withToken = (c: Config): Config => ({ ...c, remediator: { ...c.remediator, webhook: { credentialsFile } } });
    let next: () => Config = () => first;
    let time = new Date("2026-01-01T00:00:00Z");
    const exporter = await serve({ config: withToken(first), reload: () => withToken(next()) }, { now: () => time });
    return {
      ...exporter,
      /** What the file says from now on, and when. */
      write(read: () => Config, at = "2026-01-02T00:00:00Z") {
        next = read;
        time = new Date(at);
      },
      post: (token = "s3cret") =>
        fetch(`${exporter.url}-/reload`, { method: "POST", headers: { Authorization: `Bearer ${token}` } }),
    };
  }

  test("removes the series of a removed worker at once and keeps the observer of the others", async () => {
    const exporter = await reloadable();
    expect((await exporter.series()).has(upOf("train-2"))).toBe(true);
    const system = { minAvailableBytes: 5, criticalAvailableBytes: 4 };
    exporter.write(() => config({ system, workers: [workerSpec("train-1"), workerSpec("encoder")] }));
    expect((await exporter.post()).status).toBe(200);
    const { text } = await exporter.scrape();
    expect(text).not.toContain("train-2");
    const series = await exporter.series();
    expect([series.has(upOf("train-1")), series.has(upOf("encoder"))]).toEqual([true, true]);
    expect(exporter.observers).toHaveLength(1);
    expect(exporter.observer().floors).toEqual(system);
    expect(series.get(reloadTime)).toBe(Date.parse("2026-01-02T00:00:00Z") / 1000);
  });

  test("waits for a scrape under way, and the next one is already the new configuration's", async () => {
    const exporter = await reloadable();
    const { promise, open } = gate();
    exporter.observer().gate = () => promise;
    const before = exporter.scrape();
    await eventually(() => exporter.observer().looks === 1, { what: "the look" });
    exporter.write(() => config({ workers: [workerSpec("train-1")] }));
    const reloaded = exporter.reload();
    open();
    await reloaded;
    expect((await before).text).toContain("train-2");
    expect((await exporter.scrape()).text).not.toContain("train-2");
  });

  test("of a bad file keeps the old configuration, says why, and shows it", async () => {
    const exporter = await reloadable();
    const loaded = (await exporter.series()).get(reloadTime);
    exporter.write(() => {
      throw new Error("pitcrew.yml:3:1: workers: unknown key");
    });
    const response = await exporter.post();
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({ code: "reload_failed", message: "pitcrew.yml:3:1: workers: unknown key" });
    let series = await exporter.series();
    expect([series.get(reloadSuccessful), series.get(reloadTime), series.get(upOf("train-2"))]).toEqual([0, loaded, 1]);
    expect(exporter.lines.join("\n")).toMatch(/level=error .*previous one stays in force.*unknown key/);

    exporter.write(() => config());
    await exporter.reload();
    series = await exporter.series();
    expect([series.get(reloadSuccessful), series.has(upOf("train-2"))]).toEqual([1, false]);
  });

  test("of the web-config file shows in the same metric, until the file is mended", async () => {
    let problem: string | undefined;
    const file = join(temporaryDirectory(), "web.yml");
    writeFileSync(file, "");
    const exporter = await serve({
      readWebConfig: () => {
        if (problem !== undefined) throw new Error(problem);
        return { tls: undefined, headers: [], users: new Map(), rateLimit: undefined, files: [file] };
      },
    });
    expect((await exporter.series()).get(reloadSuccessful)).toBe(1);
    problem = "web.yml:1:1: unknown key";
    writeFileSync(file, "x: 1");
    expect((await exporter.series()).get(reloadSuccessful)).toBe(0);
    problem = undefined;
    writeFileSync(file, "");
    expect((await exporter.series()).get(reloadSuccessful)).toBe(1);
  });

  test("of another host or run directory looks with fresh eyes and closes the old", async () => {
    const exporter = await reloadable();
    exporter.write(() => config({ host: "other", runDirectory: "/elsewhere" }));
    await exporter.reload();
    expect(exporter.observers.map(({ closed }) => closed)).toEqual([true, false]);
    expect(exporter.opened[1]).toMatchObject({ host: "other", runDirectory: "/elsewhere" });
    expect((await exporter.series()).has(upOf("train-1", "other"))).toBe(true);
  });

  test("of another address says that it needs a start", async () => {
    const exporter = await reloadable();
    exporter.write(() => config({ exporter: { listen: { host: "127.0.0.1", port: 1 }, proportional: undefined } }));
    await exporter.reload();
    expect(exporter.lines.join("\n")).toMatch(/level=warn .*next start.* address=127\.0\.0\.1:1/);
  });

  test("needs the token", async () => {
    const exporter = await reloadable();
    expect((await exporter.post("guess")).status).toBe(401);
    expect((await fetch(`${exporter.url}-/reload`, { method: "POST" })).status).toBe(401);
    expect(exporter.lines.join("\n")).not.toContain("configuration reloaded");
  });
});
