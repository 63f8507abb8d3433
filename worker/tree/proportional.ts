// Proportional and unique memory for who asked for it: every worker's, at an interval of its own, up to a size.
import type { PssRead, PssSample, PssSampler } from "./pss.ts";

export interface ProportionalOptions {
  /** 0: at every look, which then waits for it. */
  intervalSeconds: number;
  /** Of larger trees nothing is read: the kernel would hold up the worker itself for too long. */
  maxResidentBytes: number;
}

export interface TreeToMeasure {
  worker: string;
  /** Of the incarnation. */
  key: string;
  pids: readonly number[];
  residentBytes: number | undefined;
}

export class ProportionalMemory {
  readonly #sampler: PssSampler;
  readonly #options: ProportionalOptions;

  constructor(sampler: PssSampler, options: ProportionalOptions) {
    this.#sampler = sampler;
    this.#options = options;
  }

  /** Undefined: nothing is known that is recent enough. */
  async read({ worker, key, pids, residentBytes }: TreeToMeasure): Promise<PssRead | undefined> {
    const { intervalSeconds, maxResidentBytes } = this.#options;
    if (residentBytes === undefined || residentBytes > maxResidentBytes) return undefined;
    const last = this.#sampler.last(worker, key);
    if (last !== undefined && this.#ageSeconds(last) < intervalSeconds) return last.read;
    const sampling = this.#sampler.sample(worker, key, pids, true);
    if (intervalSeconds === 0) return await sampling;
    // In the background. Until it has come back the former one serves, but not if something keeps it from coming.
    return last !== undefined && this.#ageSeconds(last) < 2 * intervalSeconds ? last.read : undefined;
  }

  #ageSeconds(sample: PssSample): number {
    return this.#sampler.ageMs(sample) / 1000;
  }
}
