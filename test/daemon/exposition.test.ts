import * as fc from "fast-check";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { describe, expect, test } from "vitest";
import { type ExpositionFormat, renderExposition } from "../../daemon/exposition.ts";
import { createCounter, createHistogram } from "../../daemon/instruments.ts";
import type { MetricFamily } from "../../daemon/metric.ts";
import { parseExposition, parseSeries, seriesKey } from "./exposition-parser.ts";

const render = (families: readonly MetricFamily[], format: ExpositionFormat) =>
  renderExposition(families, format).toString("utf8");

const gauge = (name: string, samples: MetricFamily["samples"]): MetricFamily =>
  ({ name, help: "A gauge.", type: "gauge", samples }) as MetricFamily;

const requests = {
  name: "requests_total",
  type: "counter",
  labels: ["code"],
  help: "Requests.",
  source: "test",
} as const;
const latency = {
  name: "latency_seconds",
  type: "histogram",
  labels: ["action"],
  help: "Latency.",
  source: "test",
} as const;

describe("text format 0.0.4", () => {
  test("a counter's family keeps its _total suffix", () => {
    const counter = createCounter(requests, [{ code: "200" }]);
    expect(render([counter.family()], "text")).toBe(
      '# HELP requests_total Requests.\n# TYPE requests_total counter\nrequests_total{code="200"} 0\n',
    );
  });

  test("a family without samples leaves no trace", () => {
    expect(render([gauge("empty", [])], "text")).toBe("");
  });

  test("NaN and the infinities are written as Prometheus reads them", () => {
    const values = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0.5, 1e21, 5e-324];
    const samples = values.map((value, index) => ({ labels: { index: String(index) }, value }));
    const series = [...parseSeries(render([gauge("numbers", samples)], "text")).values()];
    expect(series).toEqual(values);
  });

  test("help with a newline or a backslash stays one line", () => {
    const text = render(
      [{ name: "a", help: "one\ntwo \\ three", type: "gauge", samples: [{ labels: {}, value: 1 }] }],
      "text",
    );
    expect(text).toBe("# HELP a one\\ntwo \\\\ three\n# TYPE a gauge\na 1\n");
  });
});

describe("OpenMetrics 1.0", () => {
  test("a counter's family drops the suffix that its samples keep, and the text ends with # EOF", () => {
    const counter = createCounter(requests);
    counter.inc({ code: "200" }, 2);
    expect(render([counter.family()], "openmetrics")).toBe(
      '# HELP requests Requests.\n# TYPE requests counter\nrequests_total{code="200"} 2\n# EOF\n',
    );
  });

  test("the bounds of a histogram are floats", () => {
    const histogram = createHistogram(latency, [0.5, 1], [{ action: "kill" }]);
    const text = render([histogram.family()], "openmetrics");
    expect([...text.matchAll(/le="([^"]*)"/g)].map(([, le]) => le)).toEqual(["0.5", "1.0", "+Inf"]);
  });

  test("nothing to tell is still a whole exposition", () => {
    expect(render([], "openmetrics")).toBe("# EOF\n");
  });
});

describe.each<ExpositionFormat>(["text", "openmetrics"])("in %s", (format) => {
  test("any label value comes back as it went in", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ unit: "grapheme" }), { minLength: 1, maxLength: 20 }), (values) => {
        const samples = values.map((label, index) => ({ labels: { label }, value: index }));
        const series = parseSeries(render([gauge("m", samples)], format), format);
        expect([...series]).toEqual(values.map((label, index) => [seriesKey("m", { label }), index]));
      }),
    );
  });

  test("prom-client says the same of gauges, counters and histograms", async () => {
    const hostile = 'a\\b"c\nd{e}';
    const counter = createCounter(requests);
    const histogram = createHistogram(latency, [0.005, 0.5, 2]);
    const registry = new Registry<typeof Registry.OPENMETRICS_CONTENT_TYPE | typeof Registry.PROMETHEUS_CONTENT_TYPE>();
    registry.setContentType(format === "text" ? Registry.PROMETHEUS_CONTENT_TYPE : Registry.OPENMETRICS_CONTENT_TYPE);
    const registers = [registry];
    const theirGauge = new Gauge({ name: "temperature", help: "A gauge.", labelNames: ["room"], registers });
    const theirCounter = new Counter({ name: requests.name, help: requests.help, labelNames: ["code"], registers });
    const theirHistogram = new Histogram({
      name: latency.name,
      help: latency.help,
      labelNames: ["action"],
      buckets: [0.005, 0.5, 2],
      registers,
    });
    theirGauge.set({ room: hostile }, 21.5);
    for (const code of ["200", hostile, "200"]) {
      counter.inc({ code });
      theirCounter.inc({ code });
    }
    for (const seconds of [0.001, 0.5, 0.7, 100]) {
      histogram.observe({ action: "kill" }, seconds);
      theirHistogram.observe({ action: "kill" }, seconds);
    }
    const ours = render(
      [gauge("temperature", [{ labels: { room: hostile }, value: 21.5 }]), counter.family(), histogram.family()],
      format,
    );
    const theirs = (await registry.metrics()).replace(/\n*$/, "\n").replaceAll("\n\n", "\n");
    const canonical = (text: string) =>
      [...parseExposition(text.replace('le="2"', 'le="2.0"'), format)].map(([name, { type, help, series }]) => ({
        name,
        type,
        help,
        series: new Map(series),
      }));
    expect(canonical(ours)).toEqual(canonical(theirs));
  });
});

describe("instruments", () => {
  test("a counter never falls", () => {
    expect(() => createCounter(requests).inc({ code: "200" }, -1)).toThrow("cannot grow by -1");
    expect(() => createCounter(requests).inc({ code: "200" }, Number.NaN)).toThrow("cannot grow by NaN");
  });

  test("labels that the catalogue does not name are refused", () => {
    expect(() => createCounter(requests).inc({ status: "200" })).toThrow("expected the labels code");
    expect(() => createCounter(requests).inc({ code: "200", more: "x" })).toThrow("expected the labels code");
  });

  test("a value on a bound counts in that bucket, one above all bounds only in +Inf", () => {
    const histogram = createHistogram(latency, [1, 2]);
    for (const seconds of [1, 2, 3]) histogram.observe({ action: "a" }, seconds);
    expect(histogram.family().samples).toEqual([
      {
        labels: { action: "a" },
        buckets: [
          { le: 1, count: 1 },
          { le: 2, count: 2 },
        ],
        sum: 6,
        count: 3,
      },
    ]);
  });

  test("a snapshot stays as it was when the instrument goes on", () => {
    const counter = createCounter(requests, [{ code: "200" }]);
    const before = counter.family();
    counter.inc({ code: "200" });
    expect(before.samples).toEqual([{ labels: { code: "200" }, value: 0 }]);
  });
});
