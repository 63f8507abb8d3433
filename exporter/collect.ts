// One collection: every collector on the same look at the machine, each one's failure its own.
import type { Log } from "../daemon/log.ts";
import type { Labels, MetricFamily, MetricSample } from "../daemon/metric.ts";
import type { CollectorName } from "./collector-names.ts";
import type { Collector, Look } from "./collectors/collector.ts";
import { family } from "./family.ts";

export interface CollectDeps {
  look: () => Promise<Look>;
  collectors: readonly Collector[];
  /** Milliseconds that never go backwards. */
  now: () => number;
  onFailure: (collector: CollectorName, error: unknown) => void;
  onSuccess: (collector: CollectorName) => void;
}

/** Never rejects: what failed shows as `pitcrew_exporter_collector_success` 0, and its samples are absent. */
export async function collectFamilies(hostLabels: Labels, deps: CollectDeps): Promise<MetricFamily[]> {
  const started = deps.now();
  const look = await settle(deps.look);
  const lookMs = deps.now() - started;

  const families: MetricFamily[] = [];
  const success: MetricSample[] = [];
  const duration: MetricSample[] = [];
  for (const collector of deps.collectors) {
    const labels = { ...hostLabels, collector: collector.name };
    const begun = deps.now();
    try {
      if (!look.ok) throw look.error;
      families.push(...collector.collect(look.value));
      const failure = collector.failure(look.value);
      if (failure !== undefined) throw new Error(failure);
      success.push({ labels, value: 1 });
      deps.onSuccess(collector.name);
    } catch (error) {
      success.push({ labels, value: 0 });
      deps.onFailure(collector.name, error);
    }
    duration.push({ labels, value: (lookMs + deps.now() - begun) / 1000 });
  }
  return [
    ...families,
    family("pitcrew_exporter_collector_success", success),
    family("pitcrew_exporter_collector_duration_seconds", duration),
  ];
}

type Settled<T> = { ok: true; value: T } | { ok: false; error: unknown };

async function settle<T>(action: () => Promise<T>): Promise<Settled<T>> {
  try {
    return { ok: true, value: await action() };
  } catch (error) {
    return { ok: false, error };
  }
}

/** Logs a failure when it begins or changes, and its end: not once per scrape. */
export function createFailureLog(log: Log): Pick<CollectDeps, "onFailure" | "onSuccess"> {
  const failing = new Map<CollectorName, string>();
  return {
    onFailure(collector, error) {
      const message = String(error);
      if (failing.get(collector) === message) return;
      failing.set(collector, message);
      log.error("collector failed", { collector, err: error });
    },
    onSuccess(collector) {
      if (failing.delete(collector)) log.info("collector works again", { collector });
    },
  };
}
