import { describe, expect, test } from "vitest";
import type { Collector } from "../../exporter/collectors/collector.ts";
import { collectorsWithout } from "../../exporter/collectors/collectors.ts";
import { systemCollector } from "../../exporter/collectors/system.ts";
import { workerCollector } from "../../exporter/collectors/worker.ts";
import { parseExposition, parseSeries, seriesKey } from "../daemon/exposition-parser.ts";
import { eventually } from "../support/eventually.ts";
import { config, SYSTEM } from "./build.ts";
import { gate, serve, upOf } from "./serve.ts";

const success = (collector: string) => seriesKey("pitcrew_exporter_collector_success", { host: "box", collector });
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
      failure: () => undefined,
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
    expect(text.match(/pitcrew_exporter_collector_success\{.*\} 0/g)).toHaveLength(5);
    observer.gate = () => Promise.resolve();
    expect((await exporter.series()).get(success("worker"))).toBe(1);
    expect(exporter.lines.filter((line) => line.includes("works again"))).toHaveLength(5);
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

  test("is answered before its scraper stops to listen, whoever else waits longer for the same look", async () => {
    const exporter = await serve();
    const observer = exporter.observer();
    const { promise, open } = gate();
    observer.gate = () => promise;
    const patient = exporter.scrape();
    await eventually(() => observer.looks === 1, { what: "the look" });
    const began = performance.now();
    const response = await fetch(`${exporter.url}metrics`, {
      headers: { "X-Prometheus-Scrape-Timeout-Seconds": "0.4" },
      signal: AbortSignal.timeout(10_000),
    });
    const series = parseSeries(await response.text());
    expect(performance.now() - began).toBeGreaterThan(250);
    expect(response.status).toBe(200);
    expect([series.get(success("worker")), series.get(success("system"))]).toEqual([0, 0]);
    expect([...series.keys()].join("\n")).toContain("pitcrew_exporter_build_info");
    open();
    expect(parseSeries((await patient).text).get(success("worker"))).toBe(1);
  });

  test("with a source that fails keeps all other samples, and says which collector it belongs to", async () => {
    const exporter = await serve();
    expect((await exporter.series()).get(success("worker"))).toBe(1);
    const counts = exporter.observer().errors.get("train-1");
    counts?.set("memory", 1);
    let series = await exporter.series();
    expect([series.get(success("worker")), series.get(success("brake")), series.get(upOf("train-1"))]).toEqual([
      0, 1, 1,
    ]);
    counts?.set("brake", 1);
    series = await exporter.series();
    expect([series.get(success("worker")), series.get(success("brake"))]).toEqual([1, 0]);
    expect(exporter.lines.join("\n")).toMatch(/collector=worker err="could not be read: memory"/);
  });

  test("of a machine whose memory cannot be read says so", async () => {
    const exporter = await serve();
    exporter.observer().system = { ...SYSTEM, memoryAvailableBytes: undefined };
    const series = await exporter.series();
    expect(series.get(success("system"))).toBe(0);
    expect(series.get(seriesKey("pitcrew_system_memory_total_bytes", { host: "box" }))).toBe(SYSTEM.memoryTotalBytes);
  });

  test("holds nothing of a collector that is switched off", async () => {
    const exporter = await serve({}, { collectors: collectorsWithout(new Set(["system", "pressure"])) });
    const { text } = await exporter.scrape();
    expect(text).not.toMatch(/pitcrew_system|collector="(system|pressure)"/);
    expect(text).toContain("pitcrew_worker_up{");
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
  await serve({ config: config({ exporter: { listen: { host: "127.0.0.1", port }, proportional: undefined } }) });
});

test("a port in use leaves no observer open", async () => {
  const exporter = await serve();
  const port = Number(new URL(exporter.url).port);
  let closed = false;
  const busy = serve(
    { config: config({ exporter: { listen: { host: "127.0.0.1", port }, proportional: undefined } }) },
    {
      createObserver: () => ({
        observe: () => Promise.reject(new Error("unused")),
        readErrors: () => new Map(),
        setSpecs: () => undefined,
        setProportional: () => undefined,
        close: () => {
          closed = true;
        },
      }),
    },
  );
  await expect(busy).rejects.toThrow(`cannot listen on 127.0.0.1:${port}: another process already listens there`);
  expect(closed).toBe(true);
});
