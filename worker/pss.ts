// Proportional memory of a tree. The kernel walks every page for it (50-120 ms for 4 GiB), so it is rationed, and read on the thread pool.
import { readFile } from "node:fs/promises";
import { failedRead } from "./proc/read-text.ts";
import { parseSmapsRollup } from "./proc/smaps-rollup.ts";

export type PssRead = { kind: "ok"; bytes: number } | { kind: "unreadable" };

/** A sample serves for so many times as long as all samples took to read: 5 % of one core at most, for all workers together. */
const REST_FACTOR = 20;

interface Sample {
  key: string;
  read: PssRead;
  takenAtMs: number;
  durationMs: number;
}

export class PssSampler {
  readonly #procRoot: string;
  readonly #nowMs: () => number;
  readonly #samples = new Map<string, Sample>();
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
    const reading = this.#take(worker, key, pids).finally(() => this.#inFlight.delete(flight));
    this.#inFlight.set(flight, reading);
    return reading;
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
    const read = await readTreePss(pids, this.#procRoot);
    const takenAtMs = this.#nowMs();
    this.#samples.set(worker, { key, read, takenAtMs, durationMs: takenAtMs - startedMs });
    return read;
  }
}

/** One after the other, so as not to take all cores from the workers. Those that have ended meanwhile count nothing. */
async function readTreePss(pids: readonly number[], procRoot: string): Promise<PssRead> {
  let bytes = 0;
  let hasAny = false;
  for (const pid of pids) {
    const read = await readPss(`${procRoot}/${pid}/smaps_rollup`);
    if (read === "unreadable") return { kind: "unreadable" };
    if (read === "gone") continue;
    hasAny = true;
    bytes += read;
  }
  // Not one: the kernel is too old for this file, or the worker has just ended. Neither is a value of 0.
  return hasAny ? { kind: "ok", bytes } : { kind: "unreadable" };
}

async function readPss(path: string): Promise<number | "gone" | "unreadable"> {
  try {
    const text = await readFile(path, "utf8");
    // A process in the middle of its exit no longer has any memory to speak of.
    if (text === "") return "gone";
    return parseSmapsRollup(text)?.pssBytes ?? "unreadable";
  } catch (error) {
    return failedRead(error).kind;
  }
}
