// What a collector is: a function from one look at the machine to metric families. It reads nothing by itself.
import type { Labels, MetricFamily, MetricSample } from "../../daemon/metric.ts";
import type { Observation, ReadSource, WorkerReading } from "../../worker/reading.ts";
import type { Sample } from "../../worker/sample.ts";
import type { WorkerSpec } from "../../worker/spec.ts";
import { actionableNames, type CollectorName, family, type MetricName } from "../catalogue.ts";

/** By worker and source. */
export type ReadErrorCounts = ReadonlyMap<string, ReadonlyMap<ReadSource, number>>;

/** One look at the machine, shared by all collectors of a scrape. */
export interface Look {
  observation: Observation;
  /** By metric name. */
  actionable: ReadonlyMap<string, readonly Sample[]>;
  readErrors: ReadErrorCounts;
  hostLabels: Labels;
  /** The same object for the same worker: its rendering is then paid once. */
  workerLabels(spec: WorkerSpec): Labels;
}

export interface Collector {
  name: CollectorName;
  /** May throw: the others' families and this one's failure are still published. */
  collect(look: Look): readonly MetricFamily[];
}

/** The families of a collector that rules name, as worker/ computed them. */
export function actionableFamilies(collector: CollectorName, look: Look): MetricFamily[] {
  return actionableNames(collector).map((name) => family(name, look.actionable.get(name) ?? []));
}

/** One series per worker; a worker without the value has none. */
export function perWorker(
  name: MetricName,
  look: Look,
  value: (reading: WorkerReading) => number | undefined,
): MetricFamily {
  const samples: MetricSample[] = [];
  for (const reading of look.observation.workers) {
    const read = value(reading);
    if (read !== undefined) samples.push({ labels: look.workerLabels(reading.spec), value: read });
  }
  return family(name, samples);
}
