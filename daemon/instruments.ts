// The two metrics that have to be remembered between scrapes: counters and histograms of what a daemon itself did.
import type { CatalogueEntry, Labels, MetricFamily } from "./metric.ts";

export interface Counter {
  inc(labels: Labels, by?: number): void;
  family(): MetricFamily;
}

export interface Histogram {
  observe(labels: Labels, value: number): void;
  family(): MetricFamily;
}

/** @param initial series that exist at 0 from the start, because `increase` does not see a counter born at 1. */
export function createCounter(entry: CatalogueEntry, initial: readonly Labels[] = []): Counter {
  const values = createSeries(entry, () => ({ value: 0 }));
  for (const labels of initial) values.of(labels);
  return {
    inc(labels, by = 1) {
      if (!(by >= 0)) throw new RangeError(`${entry.name}: a counter cannot grow by ${by}`);
      values.of(labels).value += by;
    },
    family: () => ({
      name: entry.name,
      help: entry.help,
      type: "counter",
      samples: values.all().map(({ labels, state }) => ({ labels, value: state.value })),
    }),
  };
}

/** @param bounds ascending upper bounds, without +Inf. */
export function createHistogram(
  entry: CatalogueEntry,
  bounds: readonly number[],
  initial: readonly Labels[] = [],
): Histogram {
  const series = createSeries(entry, () => ({ counts: bounds.map(() => 0), sum: 0, count: 0 }));
  for (const labels of initial) series.of(labels);
  return {
    observe(labels, value) {
      const state = series.of(labels);
      bounds.forEach((le, index) => {
        if (value <= le) state.counts[index] = (state.counts[index] ?? 0) + 1;
      });
      state.sum += value;
      state.count += 1;
    },
    family: () => ({
      name: entry.name,
      help: entry.help,
      type: "histogram",
      samples: series.all().map(({ labels, state }) => ({
        labels,
        buckets: bounds.map((le, index) => ({ le, count: state.counts[index] ?? 0 })),
        sum: state.sum,
        count: state.count,
      })),
    }),
  };
}

/** One state per combination of label values; labels that the catalogue does not name are a programming error. */
function createSeries<State>(entry: CatalogueEntry, create: () => State) {
  const series = new Map<string, { labels: Labels; state: State }>();
  return {
    of(labels: Labels): State {
      const values = entry.labels.map((name) => labels[name]);
      if (values.includes(undefined) || Object.keys(labels).length !== values.length) {
        throw new TypeError(`${entry.name}: expected the labels ${entry.labels.join(", ")}`);
      }
      const key = JSON.stringify(values);
      const known = series.get(key);
      if (known !== undefined) return known.state;
      const state = create();
      series.set(key, { labels: { ...labels }, state });
      return state;
    },
    all: () => [...series.values()],
  };
}
