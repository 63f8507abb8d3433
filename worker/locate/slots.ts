// The processes of one pattern, shared out among the workers of one group: a process keeps its slot for as long as it lives.
import type { ProcessEntry } from "../process-table.ts";

export class Slots {
  readonly #count: number;
  readonly #holders = new Map<number, ProcessEntry>();

  constructor(count: number) {
    this.#count = count;
  }

  /** Slots of the dead become free; the lowest free slots go to the oldest roots. What is left over waits for a slot. */
  assign(roots: readonly ProcessEntry[]): void {
    const isSame = (a: ProcessEntry, b: ProcessEntry) => a.pid === b.pid && a.startTicks === b.startTicks;
    for (const [slot, holder] of this.#holders) {
      if (!roots.some((root) => isSame(root, holder))) this.#holders.delete(slot);
    }
    const waiting = roots.filter((root) => ![...this.#holders.values()].some((holder) => isSame(root, holder)));
    for (let slot = 1; slot <= this.#count; slot++) {
      if (this.#holders.has(slot)) continue;
      const next = waiting.shift();
      if (next === undefined) return;
      this.#holders.set(slot, next);
    }
  }

  /** @param slot 1 … count */
  holder(slot: number): ProcessEntry | undefined {
    return this.#holders.get(slot);
  }
}
