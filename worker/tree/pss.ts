// Proportional memory of a tree. The kernel walks every page for it (50-120 ms for 4 GiB), so it is rationed, and read on the thread pool.
import { close, open, read } from "node:fs";
import { promisify } from "node:util";
import { failedRead } from "../proc/read-text.ts";
import { parseSmapsRollup, type SmapsRollup } from "../proc/smaps-rollup.ts";

export type PssRead = ({ kind: "ok" } & SmapsRollup) | { kind: "unreadable" };

export interface PssSample {
  key: string;
  read: PssRead;
  takenAtMs: number;
  durationMs: number;
}

/** A sample serves for so many times as long as all samples took to read: 5 % of one core at most, for all workers together. */
const REST_FACTOR = 20;

/** A process that is stuck in the kernel may never answer: the others of its look do not wait for it. */
const PATIENCE_MS = 2000;

const UNREADABLE: PssRead = { kind: "unreadable" };

export class PssSampler {
  readonly #procRoot: string;
  readonly #nowMs: () => number;
  readonly #samples = new Map<string, PssSample>();
  readonly #inFlight = new Map<string, Promise<PssRead>>();

  constructor(procRoot: string, nowMs: () => number = () => performance.now()) {
    this.#procRoot = procRoot;
    this.#nowMs = nowMs;
  }

  /**
   * @param key of the incarnation: another one never sees this one's sample.
   * @param mustBeFresh read now, whatever it costs: somebody is about to act on it.
   */
  sample(worker: string, key: string, pids: readonly number[], mustBeFresh: boolean): Promise<PssRead> {
    const last = this.#samples.get(worker);
    const isRested = last === undefined || this.#nowMs() - last.takenAtMs >= REST_FACTOR * this.#totalDurationMs();
    if (last?.key === key && !isRested && !mustBeFresh) return Promise.resolve(last.read);
    const flight = `${worker}\n${key}`;
    const inFlight = this.#inFlight.get(flight);
    if (inFlight !== undefined) return inFlight;
    const reading = this.#take(worker, key, pids);
    const bounded = withPatience(reading);
    this.#inFlight.set(flight, bounded);
    // Only when it has really come back is another one begun: what hangs holds a thread of the pool.
    void reading.finally(() => this.#inFlight.delete(flight));
    return bounded;
  }

  /** The last one of this incarnation. */
  last(worker: string, key: string): PssSample | undefined {
    const last = this.#samples.get(worker);
    return last?.key === key ? last : undefined;
  }

  ageMs({ takenAtMs }: PssSample): number {
    return this.#nowMs() - takenAtMs;
  }

  /** This worker needs no samples at present: its last one is no part of the ration, and is not used again. */
  forget(worker: string): void {
    this.#samples.delete(worker);
  }

  #totalDurationMs(): number {
    let total = 0;
    for (const { durationMs } of this.#samples.values()) total += durationMs;
    return total;
  }

  async #take(worker: string, key: string, pids: readonly number[]): Promise<PssRead> {
    const startedMs = this.#nowMs();
    const reading = await readTree(pids, this.#procRoot);
    const takenAtMs = this.#nowMs();
    this.#samples.set(worker, { key, read: reading, takenAtMs, durationMs: takenAtMs - startedMs });
    return reading;
  }
}

async function withPatience(reading: Promise<PssRead>): Promise<PssRead> {
  let timer: NodeJS.Timeout | undefined;
  const impatience = new Promise<PssRead>((resolve) => {
    timer = setTimeout(() => resolve(UNREADABLE), PATIENCE_MS);
  });
  try {
    return await Promise.race([reading, impatience]);
  } finally {
    clearTimeout(timer);
  }
}

/** One after the other, so as not to take all cores from the workers. Those that have ended meanwhile count nothing. */
async function readTree(pids: readonly number[], procRoot: string): Promise<PssRead> {
  let pssBytes = 0;
  let ussBytes: number | undefined = 0;
  let hasAny = false;
  for (const pid of pids) {
    const member = await readMember(`${procRoot}/${pid}/smaps_rollup`);
    if (member === "unreadable") return UNREADABLE;
    if (member === "gone") continue;
    hasAny = true;
    pssBytes += member.pssBytes;
    ussBytes = ussBytes === undefined || member.ussBytes === undefined ? undefined : ussBytes + member.ussBytes;
  }
  // Not one: the kernel is too old for this file, or the worker has just ended. Neither is a value of 0.
  return hasAny ? { kind: "ok", pssBytes, ussBytes } : UNREADABLE;
}

const openFile = promisify(open);
const readInto = promisify(read);
const closeFile = promisify(close);
/** The file is some 700 bytes. */
const ENOUGH_BYTES = 4096;

/** By callbacks: fs/promises takes twice as long for a file as small as this. */
async function readMember(path: string): Promise<SmapsRollup | "gone" | "unreadable"> {
  try {
    const descriptor = await openFile(path, "r");
    try {
      const { bytesRead, buffer } = await readInto(descriptor, Buffer.allocUnsafe(ENOUGH_BYTES), 0, ENOUGH_BYTES, 0);
      // A process in the middle of its exit no longer has any memory to speak of.
      if (bytesRead === 0) return "gone";
      return parseSmapsRollup(buffer.toString("latin1", 0, bytesRead)) ?? "unreadable";
    } finally {
      await closeFile(descriptor);
    }
  } catch (error) {
    return failedRead(error).kind;
  }
}
