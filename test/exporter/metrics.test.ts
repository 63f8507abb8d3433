import { describe, expect, test } from "vitest";
import { PROCESS_CATALOGUE } from "../../daemon/process-metrics.ts";
import { EXPORTER_CATALOGUE } from "../../exporter/catalogue/catalogue.ts";
import { actionableSamples } from "../../worker/samples.ts";
import { type ParsedFamily, parseExposition, seriesKey } from "../daemon/exposition-parser.ts";
import { config, downReading, GIB, SYSTEM, upReading, workerSpec } from "./build.ts";
import { serve } from "./serve.ts";

const LIMITED = workerSpec("train-1", { memoryBytes: 8 * GIB, memoryReliefBytes: 6 * GIB, ageSeconds: 3600 });
const L = { host: "box", worker: "train-1", group: "train" };
const HOST = { host: "box" };

test("a worker that runs has every series, with the same labels on each", async () => {
  const { series } = await serve({ config: config({ workers: [LIMITED] }) });
  const all = await series();
  const expected: [string, Record<string, string>, number][] = [
    ["pitcrew_worker_up", L, 1],
    ["pitcrew_worker_desired_up", L, 1],
    ["pitcrew_worker_info", { ...L, manager: "observe" }, 1],
    ["pitcrew_worker_start_time_seconds", L, 1_700_000_000],
    ["pitcrew_worker_age_seconds", L, 90.5],
    ["pitcrew_worker_max_age_seconds", L, 3600],
    ["pitcrew_worker_processes", L, 2],
    ["pitcrew_worker_threads", L, 9],
    ["pitcrew_worker_anonymous_memory_bytes", L, GIB],
    ["pitcrew_worker_swap_memory_bytes", L, 4096],
    ["pitcrew_worker_proportional_memory_bytes", L, 2 * GIB + 5],
    ["pitcrew_worker_unique_memory_bytes", L, GIB + 6],
    ["pitcrew_worker_cpu_seconds_total", L, 12.34],
    ["pitcrew_worker_cgroup_memory_current_bytes", L, 3 * GIB + 7],
    ["pitcrew_worker_cgroup_memory_max_bytes", L, 10 * GIB],
    ["pitcrew_worker_oom_kills_total", L, 3],
    ["pitcrew_worker_resident_memory_bytes", L, 3 * GIB],
    ["pitcrew_worker_memory_bytes", L, 2 * GIB],
    ["pitcrew_worker_memory_limit_bytes", L, 8 * GIB],
    ["pitcrew_worker_memory_relief_bytes", L, 6 * GIB],
    ["pitcrew_worker_resident_memory_peak_bytes", L, 4 * GIB],
    ["pitcrew_worker_read_errors_total", { ...L, source: "stat" }, 0],
    ["pitcrew_worker_brakes_total", L, 7],
    ["pitcrew_worker_consecutive_brakes", L, 2],
    ["pitcrew_worker_consecutive_brakes_limit", L, 5],
    ["pitcrew_worker_last_brake_timestamp_seconds", L, 1_700_000_050],
    ["pitcrew_system_memory_total_bytes", HOST, 16 * GIB],
    ["pitcrew_system_memory_available_bytes", HOST, 5 * GIB],
    ["pitcrew_system_memory_available_min_bytes", HOST, 2 * GIB],
    ["pitcrew_system_memory_available_critical_bytes", HOST, GIB],
    ["pitcrew_system_swap_total_bytes", HOST, 4 * GIB],
    ["pitcrew_system_swap_free_bytes", HOST, 3 * GIB],
    ["pitcrew_system_oom_kills_total", HOST, 2],
    ["pitcrew_system_memory_pressure_waiting_seconds_total", HOST, 1.5],
    ["pitcrew_system_memory_pressure_stalled_seconds_total", HOST, 0.25],
    ["pitcrew_exporter_collector_success", { ...HOST, collector: "worker" }, 1],
    ["pitcrew_exporter_collector_success", { ...HOST, collector: "brake" }, 1],
    ["pitcrew_exporter_collector_success", { ...HOST, collector: "system" }, 1],
    ["pitcrew_exporter_build_info", { ...HOST, version: "1.2.3", revision: "abc", node_version: "20.0.0" }, 1],
    ["pitcrew_exporter_config_last_reload_successful", HOST, 1],
  ];
  for (const [name, labels, value] of expected) {
    expect({ name, value: all.get(seriesKey(name, labels)) }).toEqual({ name, value });
  }
});

test("a worker that is down has no age, memory or brake series, and is not 0 anywhere but in up; counters stay", async () => {
  const exporter = await serve({ config: config({ workers: [LIMITED] }) });
  exporter.observer().read = downReading;
  const present = [...(await exporter.series())]
    .filter(([key]) => key.includes('worker="train-1"') && !key.includes("read_errors"))
    .map(([key, value]) => [key.replace(/\{.*/, ""), value]);
  expect(present).toEqual([
    ["pitcrew_worker_up", 0],
    ["pitcrew_worker_desired_up", 1],
    ["pitcrew_worker_memory_limit_bytes", 8 * GIB],
    ["pitcrew_worker_memory_relief_bytes", 6 * GIB],
    ["pitcrew_worker_info", 1],
    ["pitcrew_worker_cpu_seconds_total", 12.34],
    ["pitcrew_worker_oom_kills_total", 3],
    ["pitcrew_worker_consecutive_brakes_limit", 10],
  ]);
});

test("a worker whose source could not be read is neither up nor down", async () => {
  const exporter = await serve();
  exporter.observer().read = (spec) =>
    upReading(spec, { presence: { kind: "unknown", source: "pidfile" }, tree: undefined });
  exporter.observer().errors.get("train-1")?.set("pidfile", 3);
  const series = await exporter.series();
  expect(series.has(seriesKey("pitcrew_worker_up", L))).toBe(false);
  expect(series.get(seriesKey("pitcrew_worker_read_errors_total", { ...L, source: "pidfile" }))).toBe(3);
});

test("a worker without limits has no series of limits", async () => {
  const { scrape } = await serve();
  expect((await scrape()).text).not.toMatch(/memory_limit|memory_relief|max_age/);
});

test("a scrape shows the very numbers that the rules are judged by", async () => {
  const { series } = await serve({ config: config({ workers: [LIMITED, workerSpec("train-2")] }) });
  const workers = [upReading(LIMITED), upReading(workerSpec("train-2"))];
  const all = await series();
  const samples = actionableSamples("box", { workers, system: SYSTEM });
  expect(samples.length).toBeGreaterThan(15);
  for (const { name, labels, value } of samples) {
    expect([name, all.get(seriesKey(name, labels))]).toEqual([name, value]);
  }
});

describe("the catalogue", () => {
  const textOf = async (accept: string) => {
    const { scrape } = await serve({ config: config({ workers: [LIMITED] }) });
    return (await scrape(accept)).text;
  };
  const catalogue = [...EXPORTER_CATALOGUE, ...PROCESS_CATALOGUE];

  test("names every published family, in the text format with its type, help and labels", async () => {
    const families = parseExposition(await textOf("text/plain"), "text");
    expect([...families.keys()].sort()).toEqual(catalogue.map(({ name }) => name).sort());
    for (const { name, type, help, labels } of catalogue) {
      const family = families.get(name) as ParsedFamily;
      expect({ type: family.type, help: family.help }).toEqual({ type, help });
      for (const key of family.series.keys()) {
        const names = [...key.matchAll(/[{,](\w+)="/g)].map(([, label]) => label);
        expect([name, ...names]).toEqual([name, ...[...labels].sort()]);
      }
    }
  });

  test("is the same in OpenMetrics, but for the suffix of counters", async () => {
    const families = parseExposition(await textOf("application/openmetrics-text; version=1.0.0"), "openmetrics");
    expect([...families.keys()].sort()).toEqual(
      catalogue.map(({ name, type }) => (type === "counter" ? name.replace(/_total$/, "") : name)).sort(),
    );
  });

  test("has no name twice, no pid and no command line in a label, and counters end in _total", () => {
    const names = catalogue.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, type, labels } of catalogue) {
      expect(name.endsWith("_total")).toBe(type === "counter");
      expect(labels).not.toEqual(expect.arrayContaining([expect.stringMatching(/pid|cmdline|command|trial/)]));
    }
  });
});
