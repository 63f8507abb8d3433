// How often each source of each worker could not be read: the only trace that an absent value leaves.
import { READ_SOURCES, type ReadSource } from "./reading.ts";

export class ReadErrors {
  readonly #counts = new Map<string, Map<ReadSource, number>>();

  /** Every source starts at 0, so that the first error is an increase. Counts of workers that stay are kept. */
  setWorkers(workers: readonly string[]): void {
    for (const worker of this.#counts.keys()) if (!workers.includes(worker)) this.#counts.delete(worker);
    for (const worker of workers) {
      if (!this.#counts.has(worker)) this.#counts.set(worker, new Map(READ_SOURCES.map((source) => [source, 0])));
    }
  }

  count(worker: string, source: ReadSource): void {
    const counts = this.#counts.get(worker);
    counts?.set(source, (counts.get(source) ?? 0) + 1);
  }

  counts(): ReadonlyMap<string, ReadonlyMap<ReadSource, number>> {
    return this.#counts;
  }
}
