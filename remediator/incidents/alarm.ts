// One timer for many deadlines: it rings at the earliest.

const LONGEST_MS = 3_600_000;

export class Alarm {
  readonly #now: () => number;
  readonly #ring: () => void;
  #timer: NodeJS.Timeout | undefined;
  #at = Number.POSITIVE_INFINITY;

  /** @param now monotonic seconds */
  constructor(now: () => number, ring: () => void) {
    this.#now = now;
    this.#ring = ring;
  }

  /** Rings at this moment at the latest; a later deadline than the present one is asked for again by whoever rang. */
  at(mono: number): void {
    if (mono >= this.#at) return;
    this.#at = mono;
    clearTimeout(this.#timer);
    const delay = Math.min(LONGEST_MS, Math.max(0, Math.ceil((mono - this.#now()) * 1000)));
    this.#timer = setTimeout(() => {
      this.#at = Number.POSITIVE_INFINITY;
      this.#ring();
    }, delay);
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#at = Number.POSITIVE_INFINITY;
  }
}
