// The exporter's eyes: one look at the machine at a time, and none that it would wait for without end.
import { LabelSet, type MetricSample } from "../daemon/metric.ts";
import { type Observation, READ_SOURCES, type ReadSource } from "../worker/reading.ts";
import type { Sample } from "../worker/sample.ts";
import type { WorkerSpec } from "../worker/spec.ts";
import type { Floors } from "../worker/system-memory.ts";
import type { ProportionalOptions } from "../worker/tree/proportional.ts";
import type { Look, ReadErrorCounts, WorkerLabels } from "./collectors/collector.ts";

/** The part of worker/observer.ts that is used. */
export interface Observing {
  observe(): Promise<Observation>;
  readErrors(): ReadErrorCounts;
  setSpecs(specs: readonly WorkerSpec[], floors: Floors): void;
  setProportional(options: ProportionalOptions | undefined): void;
  close(): void;
}

export type ActionableSamples = (host: string, observation: Observation) => readonly Sample[];

/** Below the ten seconds that Prometheus waits by default: a scrape that tells of the failure must arrive. */
const LOOK_DEADLINE_MS = 8000;

/**
 * A look fails after the deadline, and while an earlier one is still stuck (a read of a process in uninterruptible
 * sleep cannot be cancelled): the scrape then says so instead of hanging with it.
 */
export function createLooker(
  host: string,
  observer: Observing,
  actionableSamples: ActionableSamples,
  deadlineMs = LOOK_DEADLINE_MS,
) {
  let pending = false;
  const workerLabels = createWorkerLabels(host);
  let counted = totals(observer.readErrors());

  const observeOnce = async () => {
    if (pending) throw new Error("an earlier look at the machine has not come back yet");
    pending = true;
    try {
      return await observer.observe();
    } finally {
      pending = false;
    }
  };

  return async (): Promise<Look> => {
    const observation = await withDeadline(observeOnce(), deadlineMs);
    const readErrors = observer.readErrors();
    const before = counted;
    counted = totals(readErrors);
    return {
      observation,
      actionable: byName(actionableSamples(host, observation), seriesLabels(observation, workerLabels)),
      readErrors,
      failedSources: new Set(READ_SOURCES.filter((source) => (counted.get(source) ?? 0) > (before.get(source) ?? 0))),
      hostLabels: { host },
      workerLabels,
    };
  };
}

/** The same objects for as long as the worker is configured. */
function createWorkerLabels(host: string): (spec: WorkerSpec) => WorkerLabels {
  const known = new WeakMap<WorkerSpec, WorkerLabels>();
  return (spec) => {
    const kept = known.get(spec);
    if (kept !== undefined) return kept;
    const series = { host, worker: spec.name, group: spec.group };
    const labels: WorkerLabels = {
      series: new LabelSet(series),
      info: new LabelSet({ ...series, manager: spec.manager.kind }),
      readErrors: new Map(
        READ_SOURCES.map((source) => [source, { labels: new LabelSet({ ...series, source }), value: 0 }]),
      ),
    };
    known.set(spec, labels);
    return labels;
  };
}

function totals(errors: ReadErrorCounts): ReadonlyMap<ReadSource, number> {
  const sums = new Map<ReadSource, number>();
  const add = (count: number, source: ReadSource) => {
    if (count > 0) sums.set(source, (sums.get(source) ?? 0) + count);
  };
  for (const counts of errors.values()) counts.forEach(add);
  return sums;
}

/** Rejects when the time is over; what it waited for goes on. */
export async function withDeadline<T>(promise: Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`the look at the machine took longer than ${milliseconds / 1000} s`));
    }, milliseconds);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

function seriesLabels(
  { workers }: Observation,
  labelsOf: (spec: WorkerSpec) => WorkerLabels,
): ReadonlyMap<string, LabelSet> {
  return new Map(workers.map(({ spec }) => [spec.name, labelsOf(spec).series]));
}

/** The samples of one worker come together and share their labels, which are those of all its series. */
function byName(samples: readonly Sample[], known: ReadonlyMap<string, LabelSet>): Map<string, MetricSample[]> {
  const groups = new Map<string, MetricSample[]>();
  let plain: Sample["labels"] | undefined;
  let labels: MetricSample["labels"] = {};
  for (const sample of samples) {
    if (plain !== sample.labels) {
      plain = sample.labels;
      labels = known.get(plain.worker ?? "") ?? plain;
    }
    const metricSample = { labels, value: sample.value };
    const group = groups.get(sample.name);
    if (group === undefined) groups.set(sample.name, [metricSample]);
    else group.push(metricSample);
  }
  return groups;
}
