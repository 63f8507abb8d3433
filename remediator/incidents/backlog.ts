// What has happened while the disk refused the journal: kept in memory, and written in its order as soon as the disk takes it again.
import type { Stamp } from "./clock.ts";
import type { Entry } from "./journal-entry.ts";

export interface Batch {
  entries: readonly Entry[];
  at: Stamp;
}

/** Some megabytes at most: what a machine in trouble can spare. */
const MOST_ENTRIES = 5000;

export class Backlog {
  #batches: Batch[] = [];
  #size = 0;
  #dropped = 0;
  #since: Stamp | undefined;

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  /** Since when there has been something to write; undefined: there is nothing. */
  get since(): Stamp | undefined {
    return this.#since;
  }

  /** Entries that were too many: the oldest. */
  get dropped(): number {
    return this.#dropped;
  }

  add(entries: readonly Entry[], at: Stamp): void {
    if (entries.length === 0) return;
    this.#since ??= at;
    this.#batches.push({ entries, at });
    this.#size += entries.length;
    while (this.#size > MOST_ENTRIES && this.#batches.length > 1) {
      const count = this.#batches.shift()?.entries.length ?? 0;
      this.#size -= count;
      this.#dropped += count;
    }
  }

  /** Hands the batches over, oldest first; the one that is refused, and those after it, stay. @throws what `write` throws */
  writeTo(write: (batch: Batch) => void): void {
    for (let batch = this.#batches[0]; batch !== undefined; batch = this.#batches[0]) {
      write(batch);
      this.#batches.shift();
      this.#size -= batch.entries.length;
    }
  }

  clear(): void {
    this.#batches = [];
    this.#size = 0;
    this.#dropped = 0;
    this.#since = undefined;
  }
}
