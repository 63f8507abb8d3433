// What Prometheus and its linter make of a scrape.
import { expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { promtool, startPrometheus } from "../support/prometheus.ts";
import { config, GIB, workerSpec } from "./build.ts";
import { serve } from "./serve.ts";

const LIMITED = workerSpec("train-1", { memoryBytes: 8 * GIB, memoryReliefBytes: 6 * GIB, ageSeconds: 3600 });

test("promtool finds nothing to complain about in a full scrape", async () => {
  const { scrape } = await serve({ config: config({ workers: [LIMITED, workerSpec("train-2")] }) });
  const { text } = await scrape();
  expect(await promtool(["check", "metrics"], { stdin: text })).toEqual({ code: 0, stdout: "", stderr: "" });
});

test("promtool finds nothing to complain about when every collector fails", async () => {
  const exporter = await serve();
  exporter.observer().gate = () => Promise.reject(new Error("EMFILE"));
  const { text } = await exporter.scrape();
  expect(await promtool(["check", "metrics"], { stdin: text })).toEqual({ code: 0, stdout: "", stderr: "" });
});

test("a real Prometheus takes the scrape in OpenMetrics, hostile labels and all", async () => {
  const host = 'a"b\\c\nd{e="f"} 1 é';
  const exporter = await serve({ config: config({ host, workers: [LIMITED] }) });
  const target = new URL(exporter.url).host;
  const prometheus = await startPrometheus({
    config: `
global: {scrape_interval: 1s}
scrape_configs: [{job_name: pitcrew, honor_labels: true, static_configs: [{targets: ["${target}"]}]}]`,
  });
  const [sample] = await eventually(
    async () => {
      const samples = await prometheus.query("pitcrew_worker_memory_bytes");
      return samples.length > 0 && samples;
    },
    { what: "the first scrape" },
  );
  expect(sample).toMatchObject({ metric: { host, worker: "train-1", group: "train" }, value: String(2 * GIB) });
  // Only as a counter of OpenMetrics does the family's name come without the suffix.
  const response = await fetch(`${prometheus.url}/api/v1/targets/metadata?metric=pitcrew_worker_brakes`);
  expect(await response.json()).toMatchObject({ data: [{ type: "counter" }] });
});
