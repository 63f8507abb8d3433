// What a metric is before it is text: the daemons fill these, exposition.ts renders them.

export type Labels = Readonly<Record<string, string>>;

/**
 * Labels that many samples share, kept from scrape to scrape or for one: their escaping is paid once.
 * (A WeakMap from plain labels would do the same at the price of slower garbage collection.)
 */
export class LabelSet {
  readonly labels: Labels;
  #rendered: string | undefined;

  constructor(labels: Labels) {
    this.labels = labels;
  }

  rendered(render: (labels: Labels) => string): string {
    this.#rendered ??= render(this.labels);
    return this.#rendered;
  }
}

/** One row of a catalogue: what the documentation lists and what HELP and TYPE say. */
export interface CatalogueEntry {
  /** As in text format 0.0.4: a counter's name ends in `_total`. */
  name: string;
  type: "gauge" | "counter" | "histogram";
  /** Label names, in the order in which they are written. */
  labels: readonly string[];
  help: string;
  /** Where the value comes from, for the documentation. */
  source: string;
}

export interface MetricSample {
  labels: Labels | LabelSet;
  value: number;
}

export interface HistogramSample {
  labels: Labels;
  /** Cumulative counts by ascending upper bound, without +Inf: that is `count`. */
  buckets: readonly { le: number; count: number }[];
  sum: number;
  count: number;
}

/** A family without samples is not rendered: absent is absent. */
export type MetricFamily =
  | { name: string; help: string; type: "gauge" | "counter"; samples: readonly MetricSample[] }
  | { name: string; help: string; type: "histogram"; samples: readonly HistogramSample[] };
