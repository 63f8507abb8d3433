// The exporter's eyes: one look at the machine at a time, and none that it would wait for without end.
import { LabelSet, type MetricSample } from "../daemon/metric.ts";
import { type Observation, READ_SOURCES } from "../worker/reading.ts";
import type { Sample } from "../worker/sample.ts";
import type { WorkerSpec } from "../worker/spec.ts";
import type { Floors } from "../worker/system-memory.ts";
import type { Look, ReadErrorCounts, WorkerLabels } from "./collectors/collector.ts";

/** The part of worker/observer.ts that is used. */
export interface Observing {
  observe(): Promise<Observation>;
  readErrors(): ReadErrorCounts;
  setSpecs(specs: readonly WorkerSpec[], floors: Floors): void;
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
    return {
      observation,
      actionable: byName(actionableSamples(host, observation)),
      readErrors: observer.readErrors(),
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
      readErrors: new Map(READ_SOURCES.map((source) => [source, new LabelSet({ ...series, source })])),
    };
    known.set(spec, labels);
    return labels;
  };
}

async function withDeadline<T>(promise: Promise<T>, milliseconds: number): Promise<T> {
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

/** The samples of one worker come together and share their labels: one set for all of them. */
function byName(samples: readonly Sample[]): Map<string, MetricSample[]> {
  const groups = new Map<string, MetricSample[]>();
  let labels = new LabelSet({});
  for (const sample of samples) {
    if (labels.labels !== sample.labels) labels = new LabelSet(sample.labels);
    const metricSample = { labels, value: sample.value };
    const group = groups.get(sample.name);
    if (group === undefined) groups.set(sample.name, [metricSample]);
    else group.push(metricSample);
  }
  return groups;
}
