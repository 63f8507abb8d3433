import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Config } from "../../config/config.ts";
import type { Collector } from "../../exporter/collectors/collector.ts";
import { systemCollector } from "../../exporter/collectors/system.ts";
import { workerCollector } from "../../exporter/collectors/worker.ts";
import { parseExposition, seriesKey } from "../daemon/exposition-parser.ts";
import { eventually } from "../support/eventually.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { config, workerSpec } from "./build.ts";
import { serve } from "./serve.ts";

const success = (collector: string) => seriesKey("pitcrew_exporter_collector_success", { host: "box", collector });
const reloadSuccessful = seriesKey("pitcrew_exporter_config_last_reload_successful", { host: "box" });
const reloadTime = seriesKey("pitcrew_exporter_config_last_reload_success_timestamp_seconds", { host: "box" });
const upOf = (worker: string, host = "box") =>
  seriesKey("pitcrew_worker_up", { host, worker, group: worker.replace(/-\d+$/, "") });

function gate() {
  let open = (): void => undefined;
  const promise = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { promise, open };
}

describe("a scrape", () => {
  test("is answered in the format that it asks for", async () => {
    const { scrape } = await serve();
    const text = await scrape("*/*");
    const openMetrics = await scrape("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5");
    expect(text.type).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(openMetrics.type).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
    expect(parseExposition(text.text, "text").size).toBe(parseExposition(openMetrics.text, "openmetrics").size);
  });

  test("shares the look at the machine with those that come meanwhile, whatever their format", async () => {
    const exporter = await serve();
    const observer = exporter.observer();
    const { promise, open } = gate();
    observer.gate = () => promise;
    const accepts = ["text/plain", "application/openmetrics-text", "text/plain", "*/*"];
    const arrivals = accepts.map((accept) => exporter.scrape(accept));
    await eventually(() => observer.looks === 1, { what: "the look" });
    // Later than the others have connected: a path that answers at once answers behind them.
    for (let i = 0; i < 4; i++) await fetch(`${exporter.url}-/healthy`);
    open();
    const answers = await Promise.all(arrivals);
    expect(observer.looks).toBe(1);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(answers[2]?.text).toBe(answers[0]?.text);
    await exporter.scrape();
    expect(observer.looks).toBe(2);
  });

  test("with a throwing collector keeps the others and says which one failed, once in the log", async () => {
    const broken: Collector = {
      name: "brake",
      collect: () => {
        throw new Error("no such directory");
      },
    };
    const exporter = await serve({}, { collectors: [workerCollector, broken, systemCollector] });
    await exporter.scrape();
    const { status, text } = await exporter.scrape();
    expect(status).toBe(200);
    expect(text).toContain("pitcrew_worker_up{");
    expect(text).toContain("pitcrew_system_memory_total_bytes{");
    expect(text).not.toContain("pitcrew_worker_brakes_total");
    const series = await exporter.series();
    expect([series.get(success("worker")), series.get(success("brake")), series.get(success("system"))]).toEqual([
      1, 0, 1,
    ]);
    expect(exporter.lines.filter((line) => line.includes("collector failed"))).toHaveLength(1);
    expect(exporter.lines.join("\n")).toMatch(
      /level=error msg="collector failed".* collector=brake err="no such directory"/,
    );
  });

  test("without any look at the machine is still answered, and recovers", async () => {
    const exporter = await serve();
    const observer = exporter.observer();
    observer.gate = () => Promise.reject(new Error("EMFILE"));
    const { status, text } = await exporter.scrape();
    expect(status).toBe(200);
    expect(text).not.toContain("pitcrew_worker_up");
    expect(text).toContain("pitcrew_exporter_build_info");
    expect(text.match(/pitcrew_exporter_collector_success\{.*\} 0/g)).toHaveLength(3);
    observer.gate = () => Promise.resolve();
    expect((await exporter.series()).get(success("worker"))).toBe(1);
    expect(exporter.lines.filter((line) => line.includes("works again"))).toHaveLength(3);
  });

  test("does not hang with a read that hangs, and does not start another beside it", async () => {
    const exporter = await serve({}, { lookDeadlineMs: 100 });
    const observer = exporter.observer();
    const { promise, open } = gate();
    observer.gate = () => promise;
    expect((await exporter.series()).get(success("worker"))).toBe(0);
    expect((await exporter.series()).get(success("worker"))).toBe(0);
    expect(observer.looks).toBe(1);
    open();
    await eventually(async () => (await exporter.series()).get(success("worker")) === 1, { what: "the next look" });
  });

  test("with a hostile host name is still one clean exposition", async () => {
    const host = 'a"b\\c\nd';
    const { scrape } = await serve({ config: config({ host }) });
    const { text } = await scrape();
    expect([...parseExposition(text, "text").values()].flatMap(({ series }) => [...series.keys()])).toContain(
      upOf("train-1", host),
    );
  });
});

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
    exporter.write(() => config({ exporter: { listen: { host: "127.0.0.1", port: 1 } } }));
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

test("the landing page leads to the metrics and names the host", async () => {
  const { url } = await serve();
  const html = await (await fetch(url)).text();
  expect(html).toContain('href="metrics"');
  expect(html).toContain("<dd>box</dd>");
  expect((await fetch(`${url}-/ready`)).status).toBe(200);
});

test("closing closes the observer and frees the port", async () => {
  const exporter = await serve();
  const port = Number(new URL(exporter.url).port);
  await exporter.close();
  expect(exporter.observer().closed).toBe(true);
  await serve({ config: config({ exporter: { listen: { host: "127.0.0.1", port } } }) });
});

test("a port in use leaves no observer open", async () => {
  const exporter = await serve();
  const port = Number(new URL(exporter.url).port);
  let closed = false;
  const busy = serve(
    { config: config({ exporter: { listen: { host: "127.0.0.1", port } } }) },
    {
      createObserver: () => ({
        observe: () => Promise.reject(new Error("unused")),
        readErrors: () => new Map(),
        setSpecs: () => undefined,
        close: () => {
          closed = true;
        },
      }),
    },
  );
  await expect(busy).rejects.toThrow(`cannot listen on 127.0.0.1:${port}: another process already listens there`);
  expect(closed).toBe(true);
});
