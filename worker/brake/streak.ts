// The brakes in a row, as the table of cases has them. Pure: time and readings are given to it. The Python brake has the same.

export interface StreakOptions {
  thresholdBytes: number;
  /** Safe for longer than this ends a streak. */
  resetAfterSeconds: number;
  /** Between two brakes. */
  spacingSeconds: number;
}

/** `reset`: safe, and for so long that the streak has ended. `unknown` is neither safe nor a brake. */
export type Verdict = "safe" | "reset" | "unknown" | "below";

export class Streak {
  readonly #options: StreakOptions;
  #brakes = 0;
  #lastSeconds: number | undefined;
  #safeSinceSeconds: number | undefined;

  constructor(options: StreakOptions) {
    this.#options = options;
  }

  get brakes(): number {
    return this.#brakes;
  }

  /** Safe time that is over ends the streak even if the look that finds it is itself below: the next brake is number 1. */
  judge(nowSeconds: number, availableBytes: number | undefined): Verdict {
    if (availableBytes === undefined) return "unknown";
    const since = this.#safeSinceSeconds;
    const isOver = since !== undefined && nowSeconds - since > this.#options.resetAfterSeconds;
    if (isOver) {
      this.#brakes = 0;
      this.#safeSinceSeconds = undefined;
    }
    if (availableBytes < this.#options.thresholdBytes) return "below";
    if (this.#brakes > 0) this.#safeSinceSeconds ??= nowSeconds;
    return isOver ? "reset" : "safe";
  }

  /** Seconds until a brake may follow the last one. A clock that steps back does not make it longer than the spacing. */
  mustWaitSeconds(nowSeconds: number): number {
    const { spacingSeconds } = this.#options;
    if (this.#lastSeconds === undefined) return 0;
    const left = spacingSeconds - (nowSeconds - this.#lastSeconds);
    return Math.min(spacingSeconds, Math.max(0, left));
  }

  /** A child keeps the spacing, but has no streak: it never leaves. */
  count(nowSeconds: number, inChild: boolean): void {
    this.#lastSeconds = nowSeconds;
    if (inChild) return;
    this.#brakes++;
    this.#safeSinceSeconds = undefined;
  }
}
