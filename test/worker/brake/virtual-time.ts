// Time that passes only when everybody waits: a whole night in milliseconds.

interface Sleeper {
  at: number;
  order: number;
  wake: () => void;
}

export class VirtualTime {
  #now = 0;
  #order = 0;
  readonly #sleepers: Sleeper[] = [];

  get now(): number {
    return this.#now;
  }

  readonly sleep = (seconds: number): Promise<void> =>
    new Promise((wake) => {
      this.#sleepers.push({ at: this.#now + seconds, order: this.#order++, wake });
    });

  /** Lets time pass until `end`; before each step everything that can run has run. */
  async runUntil(end: number, onStep: (now: number) => void): Promise<void> {
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      this.#sleepers.sort((a, b) => a.at - b.at || a.order - b.order);
      const next = this.#sleepers[0];
      if (next === undefined || next.at > end) return;
      onStep(next.at);
      this.#sleepers.shift();
      this.#now = next.at;
      next.wake();
    }
  }
}
