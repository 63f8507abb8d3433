// pitcrew's emergency brake for Node: ends the job at hand when the machine runs out of memory, and the worker when that does not help.
// It also frees memory when pitcrew asks for it (relief) and leaves at the next boundary when pitcrew wants to renew the worker (drain).
import { totalmem } from "node:os";
import type { BrakeOptions, ResolvedOptions } from "./brake/options.ts";
import { resolve } from "./brake/options.ts";
import { Seat } from "./brake/seat.ts";
import { Streak } from "./brake/streak.ts";

export type { BrakeOptions } from "./brake/options.ts";

export const EXIT_CODE = 42;
const RELIEF_SETTLES_SECONDS = 1;

/** The job at hand must end now. */
export class TrialKilled extends Error {
  override readonly name = "TrialKilled";
}

/** What a check has to wait for: seconds, or a checkpoint. */
type Pause = number | Promise<unknown>;

/** Create it once, at the start of the worker; call `check()` or `checked()` where a job begins. */
export class Brake {
  readonly #options: ResolvedOptions;
  readonly #streak: Streak;
  readonly #seat: Seat;
  readonly #relievers: (() => unknown)[] = [];
  #availableBytes: number | undefined;

  constructor(options: BrakeOptions = {}) {
    this.#options = resolve(options);
    this.#streak = new Streak(this.#options);
    this.#seat = new Seat(this.#options, this.#options.say);
    this.#record();
  }

  /** pitcrew wants this worker to leave at its next boundary. */
  get draining(): boolean {
    return this.#seat.isDraining;
  }

  get consecutiveBrakes(): number {
    return this.#streak.brakes;
  }

  /** Of this worker, former processes of it included. */
  get brakesTotal(): number {
    return this.#seat.brakesTotal;
  }

  /**
   * Blocks the thread while it waits: at most a second between two brakes, and at the limit.
   * @throws TrialKilled; ends the process with 42 at the limit, or if it was asked to
   */
  check(context = ""): void {
    if (this.#isWell(context)) return;
    const steps = this.#slowly(context);
    for (let step = steps.next(); step.done !== true; step = steps.next()) {
      if (typeof step.value === "number") {
        this.#options.sleepSync(step.value);
        continue;
      }
      // A checkpoint that takes its time cannot be waited for here: the worker leaves when it is done, and nothing begins meanwhile.
      void step.value.then(() => steps.next());
      throw this.#killed(context, "the worker is leaving");
    }
  }

  /** As `check()`, without blocking anybody. */
  async checked(context = ""): Promise<void> {
    if (this.#isWell(context)) return;
    for (const pause of this.#slowly(context)) {
      await (typeof pause === "number" ? this.#options.sleep(pause) : pause);
    }
  }

  /** One job: checks before it; after it, leaves if pitcrew asked for that. */
  async unit<T>(context: string, work: () => T | Promise<T>): Promise<T> {
    await this.checked(context);
    const result = await work();
    this.#lookForRequests();
    if (this.draining) for (const pause of this.#leave("drained")) await pause;
    return result;
  }

  /** `for await (const item of brake.guard(items))`: waits for memory before it takes an item; none is begun in vain, none dropped. */
  async *guard<T>(items: Iterable<T> | AsyncIterable<T>, context = "item"): AsyncGenerator<T> {
    // Checked before an item is taken: a queue would lose it. An array tells when there is none left to check for.
    const count = Array.isArray(items) ? items.length : Number.POSITIVE_INFINITY;
    const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
    try {
      for (let number = 1; ; number++) {
        if (number <= count) await this.#untilSafe(`${context} ${number}`);
        const next = await iterator.next();
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      await iterator.return?.();
    }
  }

  /** Registers what frees memory: dropping a cache, clearing a buffer. */
  onRelief(reliever: () => unknown): void {
    this.#relievers.push(reliever);
  }

  /** Frees what can be freed, and a second later tells by how many bytes this process has shrunk. */
  relieve(): Promise<number> {
    return this.#relieve(undefined);
  }

  async #untilSafe(context: string): Promise<void> {
    for (;;) {
      try {
        await this.checked(context);
        return;
      } catch (error) {
        if (!(error instanceof TrialKilled) || this.#seat.isLeaving) throw error;
      }
    }
  }

  /** The common case, which must cost next to nothing. */
  #isWell(context: string): boolean {
    if (this.#seat.isLeaving) throw this.#killed(context, "the worker is leaving");
    this.#lookForRequests();
    if (this.#seat.isDraining) return false;
    const available = this.#options.availableBytes();
    this.#availableBytes = available;
    if (available !== undefined && available < this.#options.thresholdBytes) return false;
    if (this.#streak.brakes > 0 && this.#streak.judge(this.#options.clock(), available) === "reset") this.#record();
    return true;
  }

  /** Draining, or below the threshold: counted at most once per spacing, and only if it is still so after a collection. */
  *#slowly(context: string): Generator<Pause, void> {
    if (this.#seat.isDraining) return yield* this.#leave("drained");
    globalThis.gc?.();
    const { limit, jitterSeconds, clock } = this.#options;
    let isConfirmed = false;
    for (;;) {
      this.#availableBytes = this.#options.availableBytes();
      if (this.#seat.isLeaving) throw this.#killed(context, "the worker is leaving");
      const now = clock();
      const verdict = this.#streak.judge(now, this.#availableBytes);
      if (verdict === "reset") this.#record();
      if (verdict !== "below") return;
      const isLast = this.#seat.isOwner && limit > 0 && this.#streak.brakes + 1 >= limit;
      let pause = this.#streak.mustWaitSeconds(now);
      if (pause === 0 && (!isLast || isConfirmed || jitterSeconds === 0))
        return yield* this.#brake(now, context, isLast);
      if (pause === 0) {
        isConfirmed = true;
        pause = Math.random() * jitterSeconds;
      }
      yield pause;
    }
  }

  *#brake(now: number, context: string, isLast: boolean): Generator<Pause, never> {
    const seat = this.#seat;
    this.#streak.count(now, !seat.isOwner);
    if (seat.isOwner) {
      seat.brakesTotal++;
      seat.lastBrakeSeconds = Date.now() / 1000;
      this.#record();
    }
    const which = seat.isOwner ? `brake #${this.#streak.brakes}` : "in a child process";
    const { thresholdBytes } = this.#options;
    const short = `${gibibytes(this.#availableBytes ?? 0)} GiB available, ${gibibytes(thresholdBytes)} GiB needed`;
    const killed = this.#killed(context, `killed (${which}): ${short}`);
    this.#options.say(`🛑 EMERGENCY BRAKE: ${killed.message}`);
    if (isLast) yield* this.#leave("brake_limit");
    throw killed;
  }

  *#leave(reason: "brake_limit" | "drained"): Generator<Pause, never> {
    this.#seat.isLeaving = true;
    const { onCheckpoint } = this.#options;
    const checkpoint = reason === "drained" && onCheckpoint ? this.#attempt("the checkpoint", onCheckpoint) : undefined;
    if (checkpoint !== undefined) yield checkpoint;
    this.#record(reason);
    for (const line of this.#lastWords(reason)) this.#options.say(line);
    return this.#options.exit(EXIT_CODE);
  }

  #lastWords(reason: "brake_limit" | "drained"): string[] {
    if (reason === "drained")
      return [`pitcrew: leaving at a boundary, as asked, with exit code ${EXIT_CODE} (PID ${process.pid})`];
    const total = totalmem();
    const used = total - (this.#availableBytes ?? 0);
    return [
      "🚨🚨🚨 CRITICAL: WORKER RESTART REQUIRED 🚨🚨🚨",
      `Emergency brake fired ${this.#streak.brakes} times consecutively`,
      `Memory stuck at: ${gibibytes(used)} GB / ${gibibytes(total)} GB (${((100 * used) / total).toFixed(1)}%)`,
      "WORKER PROCESS WILL EXIT - Watchdog will restart it",
      `Exiting worker process (PID ${process.pid}) with exit code ${EXIT_CODE}...`,
    ];
  }

  #lookForRequests(): void {
    const request = this.#seat.request(this.#options.clock());
    if (request?.kind === "drain") this.#seat.isDraining = true;
    if (request?.kind === "relief") void this.#relieve(request.id);
  }

  async #relieve(request: string | undefined): Promise<number> {
    const before = process.memoryUsage.rss();
    // All are called at once: a worker that never yields would not come to the second.
    const pending = this.#relievers.map((reliever) => this.#attempt("a relief callback", reliever));
    await Promise.all(pending.filter((promise) => promise !== undefined));
    globalThis.gc?.();
    await this.#options.sleep(RELIEF_SETTLES_SECONDS);
    const freedBytes = before - process.memoryUsage.rss();
    this.#seat.lastRelief = { atSeconds: Date.now() / 1000, request, freedBytes };
    this.#record();
    return freedBytes;
  }

  /** @returns undefined if it is done already; a promise that never rejects if it is not */
  #attempt(what: string, work: () => unknown): Promise<unknown> | undefined {
    const failed = (error: unknown) => this.#options.say(`pitcrew: ${what} failed: ${String(error)}`);
    try {
      const result = work();
      return result instanceof Promise ? result.catch(failed) : undefined;
    } catch (error) {
      failed(error);
      return undefined;
    }
  }

  #record(ending?: string): void {
    this.#seat.write({
      consecutiveBrakes: this.#streak.brakes,
      limit: Math.max(0, this.#options.limit),
      availableBytes: this.#availableBytes,
      thresholdBytes: this.#options.thresholdBytes,
      ending: ending === undefined ? undefined : { reason: ending, atSeconds: Date.now() / 1000 },
    });
  }

  #killed(context: string, why: string): TrialKilled {
    return new TrialKilled(`${context === "" ? "job" : context} ${why}`);
  }
}

function gibibytes(bytes: number): string {
  return (bytes / 1024 ** 3).toFixed(2);
}
