// Whether the kernel ended a worker for its memory. systemd knows; a shim sees only a SIGKILL. What speaks for the kernel is that none of ours sent
// it, and that the kernel's count of OOM kills has risen since the worker was last seen alive. That is evidence, no proof: somebody may have sent
// a SIGKILL in the very moment in which the kernel ended something else.
import type { Clock } from "./clock.ts";

/** 128 + SIGKILL */
const KILLED = 137;
/** The count is of the whole machine: all workers of one look share it. */
const SHARED_SECONDS = 1;

export class OomEvidence {
  readonly #count: () => number | undefined;
  readonly #clock: Clock;
  readonly #whenAlive = new Map<string, number>();
  #last: { count: number | undefined; mono: number } | undefined;

  /** @param count OOM kills since boot; undefined where the kernel does not tell */
  constructor(count: () => number | undefined, clock: Clock) {
    this.#count = count;
    this.#clock = clock;
  }

  sawAlive(worker: string): void {
    const { mono } = this.#clock();
    if (this.#last === undefined || mono - this.#last.mono >= SHARED_SECONDS)
      this.#last = { count: this.#count(), mono };
    const { count } = this.#last;
    if (count === undefined) this.#whenAlive.delete(worker);
    else this.#whenAlive.set(worker, count);
  }

  /** Without a look at the living worker, as after a start of ours, nothing is claimed. */
  explains(worker: string, code: number): boolean {
    const before = this.#whenAlive.get(worker);
    if (code !== KILLED || before === undefined) return false;
    return (this.#count() ?? before) > before;
  }
}
