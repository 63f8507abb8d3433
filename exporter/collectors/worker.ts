// What runs: presence, age, memory and CPU of each worker.
import type { MetricFamily, MetricSample } from "../../daemon/metric.ts";
import { READ_SOURCES } from "../../worker/reading.ts";
import { family } from "../family.ts";
import { actionableFamilies, type Collector, failedSources, type Look, perWorker } from "./collector.ts";

/** Whatever of a worker could not be read, but for its brake record: each has a collector of its own. */
const SOURCES = READ_SOURCES.filter((source) => source !== "brake" && source !== "cgroup");

export const workerCollector: Collector = {
  name: "worker",
  failure: (look) => failedSources(look, SOURCES),
  collect: (look) => [
    ...actionableFamilies("worker", look),
    workerInfo(look),
    perWorker("pitcrew_worker_start_time_seconds", look, ({ tree }) => tree?.startTimeSeconds),
    perWorker("pitcrew_worker_processes", look, ({ tree }) => tree?.members.length),
    perWorker("pitcrew_worker_threads", look, ({ tree }) => tree?.threads),
    perWorker("pitcrew_worker_resident_memory_bytes", look, ({ tree }) => tree?.residentMemoryBytes),
    perWorker("pitcrew_worker_resident_memory_peak_bytes", look, ({ tree }) => tree?.residentMemoryPeakBytes),
    perWorker("pitcrew_worker_anonymous_memory_bytes", look, ({ tree }) => tree?.anonymousMemoryBytes),
    perWorker("pitcrew_worker_swap_memory_bytes", look, ({ tree }) => tree?.swapMemoryBytes),
    perWorker("pitcrew_worker_proportional_memory_bytes", look, ({ tree }) => tree?.proportionalMemoryBytes),
    perWorker("pitcrew_worker_unique_memory_bytes", look, ({ tree }) => tree?.uniqueMemoryBytes),
    perWorker("pitcrew_worker_cpu_seconds_total", look, ({ counters }) => counters?.cpuSeconds),
    readErrors(look),
  ],
};

function workerInfo(look: Look): MetricFamily {
  const samples = look.observation.workers.map(({ spec }) => ({ labels: look.workerLabels(spec).info, value: 1 }));
  return family("pitcrew_worker_info", samples);
}

/** Of the workers that are configured now: one that a reload removed has no series any more. */
function readErrors(look: Look): MetricFamily {
  const samples: MetricSample[] = [];
  for (const { spec } of look.observation.workers) {
    const counts = look.readErrors.get(spec.name);
    if (counts === undefined) continue;
    const { readErrors: published } = look.workerLabels(spec);
    for (const source of READ_SOURCES) {
      const value = counts.get(source);
      const former = published.get(source);
      if (value === undefined || former === undefined) continue;
      // Never changed in place: a collection that is still being rendered keeps its own.
      const sample = former.value === value ? former : { labels: former.labels, value };
      if (sample !== former) published.set(source, sample);
      samples.push(sample);
    }
  }
  return family("pitcrew_worker_read_errors_total", samples);
}
