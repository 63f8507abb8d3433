// The exporter's eyes: one look at the machine at a time, and none that it would wait for without end.
import type { Labels } from "../daemon/metric.ts";
import type { Observation } from "../worker/reading.ts";
import type { Sample } from "../worker/sample.ts";
import type { WorkerSpec } from "../worker/spec.ts";
import type { Look, ReadErrorCounts } from "./collectors/collector.ts";

/** The part of worker/observer.ts that is used. */
export interface Observing {
  observe(): Promise<Observation>;
  readErrors(): ReadErrorCounts;
  setSpecs(specs: readonly WorkerSpec[]): void;
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
    const labels = new Map<WorkerSpec, Labels>();
    return {
      observation,
      actionable: byName(actionableSamples(host, observation)),
      readErrors: observer.readErrors(),
      hostLabels: { host },
      workerLabels(spec) {
        const known = labels.get(spec);
        if (known !== undefined) return known;
        const fresh = { host, worker: spec.name, group: spec.group };
        labels.set(spec, fresh);
        return fresh;
      },
    };
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

function byName(samples: readonly Sample[]): Map<string, Sample[]> {
  const groups = new Map<string, Sample[]>();
  for (const sample of samples) {
    const group = groups.get(sample.name);
    if (group === undefined) groups.set(sample.name, [sample]);
    else group.push(sample);
  }
  return groups;
}
