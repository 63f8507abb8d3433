// What a collector is: a function from one look at the machine to metric families. It reads nothing by itself.
import type { LabelSet, Labels, MetricFamily, MetricSample } from "../../daemon/metric.ts";
import type { Observation, ReadSource, WorkerReading } from "../../worker/reading.ts";
import type { WorkerSpec } from "../../worker/spec.ts";
import type { MetricName } from "../catalogue/catalogue.ts";
import type { CollectorName } from "../collector-names.ts";
import { actionableNames, family } from "../family.ts";

/** By worker and source. */
export type ReadErrorCounts = ReadonlyMap<string, ReadonlyMap<ReadSource, number>>;

/** Kept over scrapes: rendering the labels of 1000 workers afresh would be a third of a scrape. */
export interface WorkerLabels {
  /** host, worker, group */
  series: LabelSet;
  info: LabelSet;
  /** As last published: most never change. */
  readErrors: Map<ReadSource, MetricSample>;
}

/** One look at the machine, shared by all collectors of a scrape. */
export interface Look {
  observation: Observation;
  /** By metric name. */
  actionable: ReadonlyMap<string, readonly MetricSample[]>;
  readErrors: ReadErrorCounts;
  /** What could not be read in this very look, of any worker. */
  failedSources: ReadonlySet<ReadSource>;
  hostLabels: Labels;
  workerLabels(spec: WorkerSpec): WorkerLabels;
}

export interface Collector {
  name: CollectorName;
  /** May throw: the others' families and this one's failure are still published. */
  collect(look: Look): readonly MetricFamily[];
  /** What could not be read, in words: the samples that could be are published all the same. Undefined: nothing. */
  failure(look: Look): string | undefined;
}

export function failedSources(look: Look, sources: readonly ReadSource[]): string | undefined {
  const failed = sources.filter((source) => look.failedSources.has(source));
  return failed.length === 0 ? undefined : `could not be read: ${failed.join(", ")}`;
}

/** The families of a collector that rules name, as worker/ computed them. */
export function actionableFamilies(collector: CollectorName, look: Look): MetricFamily[] {
  return actionableNames(collector).map((name) => family(name, look.actionable.get(name) ?? []));
}

/** One series for the host, or none. */
export function perHost(name: MetricName, look: Look, value: number | undefined): MetricFamily {
  return family(name, value === undefined ? [] : [{ labels: look.hostLabels, value }]);
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
    if (read !== undefined) samples.push({ labels: look.workerLabels(reading.spec).series, value: read });
  }
  return family(name, samples);
}
