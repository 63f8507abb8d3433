// Whether the kernel ended a worker for its memory. systemd knows; a shim sees only a SIGKILL. What speaks for the kernel is that none of ours sent
// it, and that the kernel's count of OOM kills has risen not long before the end, while the worker lived. That is evidence, no proof: somebody may
// have sent a SIGKILL in the very moments in which the kernel ended something else.
import { type Incarnation, incarnationKey } from "../../worker/incarnation.ts";
import type { Clock } from "./clock.ts";

/** 128 + SIGKILL */
const KILLED = 137;
/** The count is of the whole machine: all workers of one look share it. */
const SHARED_SECONDS = 1;
/** The kernel counts first and kills then: a process with much memory to free is seen alive for a while. */
const DYING_SECONDS = 10;

interface Sample {
  mono: number;
  /** OOM kills since boot. */
  count: number;
}

export class OomEvidence {
  readonly #count: () => number | undefined;
  readonly #clock: Clock;
  /** Oldest first: those of the last seconds, and one from before. */
  #samples: Sample[] = [];
  readonly #alive = new Map<string, { incarnation: string; sinceMono: number }>();

  /** @param count OOM kills since boot; undefined where the kernel does not tell */
  constructor(count: () => number | undefined, clock: Clock) {
    this.#count = count;
    this.#clock = clock;
  }

  sawAlive(worker: string, process: Incarnation): void {
    const { mono } = this.#clock();
    const incarnation = incarnationKey(process);
    const isNew = this.#alive.get(worker)?.incarnation !== incarnation;
    // What was counted before a process was there says nothing of it.
    if (isNew || mono - (this.#samples.at(-1)?.mono ?? Number.NEGATIVE_INFINITY) >= SHARED_SECONDS) this.#sample(mono);
    if (isNew) this.#alive.set(worker, { incarnation, sinceMono: mono });
  }

  /** Without a look at the living process, as after a start of ours, nothing is claimed. */
  explains(worker: string, process: Incarnation, code: number): boolean {
    const seen = this.#alive.get(worker);
    if (code !== KILLED || seen?.incarnation !== incarnationKey(process)) return false;
    const from = Math.max(seen.sinceMono, this.#clock().mono - DYING_SECONDS);
    const before = this.#samples.findLast(({ mono }) => mono <= from) ?? this.#samples.at(0);
    return before !== undefined && (this.#count() ?? before.count) > before.count;
  }

  #sample(mono: number): void {
    const count = this.#count();
    if (count === undefined) return;
    const firstOfLast = this.#samples.findIndex((sample) => sample.mono > mono - DYING_SECONDS);
    this.#samples = this.#samples.slice(Math.max(0, firstOfLast < 0 ? this.#samples.length - 1 : firstOfLast - 1));
    this.#samples.push({ mono, count });
  }
}
