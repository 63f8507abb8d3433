import { closeSync, openSync } from "node:fs";
import { expect, test } from "vitest";
import { renderExposition } from "../../daemon/exposition.ts";
import { collectProcessMetrics, PROCESS_CATALOGUE } from "../../daemon/process-metrics.ts";
import { parseSeries } from "./exposition-parser.ts";

const collect = () => parseSeries(renderExposition(collectProcessMetrics(), "text").toString());

test("there are exactly four, and they are about this process", () => {
  const series = collect();
  expect([...series.keys()]).toEqual(PROCESS_CATALOGUE.map(({ name }) => `${name}{}`));
  expect(series.get("process_resident_memory_bytes{}")).toBeGreaterThan(10 * 1024 * 1024);
  expect(series.get("process_cpu_seconds_total{}")).toBeGreaterThan(0);
  const age = Date.now() / 1000 - (series.get("process_start_time_seconds{}") ?? 0);
  expect(Math.abs(age - process.uptime())).toBeLessThan(60);
});

test("an opened file is one more descriptor", () => {
  const before = collect().get("process_open_fds{}") ?? 0;
  const descriptor = openSync("/dev/null", "r");
  const after = collect().get("process_open_fds{}");
  closeSync(descriptor);
  expect(after).toBe(before + 1);
});
