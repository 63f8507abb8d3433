// A daemon's life between start and exit: SIGTERM and SIGINT stop it, SIGHUP reloads it, a bug ends it with 1.
import { constants } from "node:os";
import type { Log } from "./log.ts";

export type StopSignal = "SIGTERM" | "SIGINT";

/** The part of `process` that is used. */
export interface SignalSource {
  on(event: string, listener: (...args: unknown[]) => void): unknown;
  off(event: string, listener: (...args: unknown[]) => void): unknown;
}

export interface LifecycleOptions {
  onReload: () => unknown;
  /** Resolves when everything is closed. */
  onStop: (signal: StopSignal) => unknown;
  log: Log;
  process?: SignalSource;
  /** Milliseconds that never go backwards. */
  now?: () => number;
}

/** npm and the terminal both deliver one Ctrl-C: a repetition so soon is the same keystroke. */
const SAME_KEYSTROKE_MS = 1000;

/**
 * Resolves with the exit code: 0 after a stop, 1 after a failed stop or an unhandled error, 128 + n when a second
 * signal cut the stop short. The caller then exits: work of an unfinished stop may still hold the process.
 */
export function runUntilSignalled({
  onReload,
  onStop,
  log,
  process: source = process,
  now = () => performance.now(),
}: LifecycleOptions): Promise<number> {
  return new Promise((resolve) => {
    let stoppingSince: number | undefined;
    let reloads: Promise<unknown> = Promise.resolve();

    const finish = (code: number) => {
      for (const [event, listener] of listeners) source.off(event, listener);
      resolve(code);
    };

    const stop = (signal: StopSignal) => {
      if (stoppingSince === undefined) {
        stoppingSince = now();
        log.info("stopping", { signal });
        settle(() => onStop(signal)).then(
          () => finish(0),
          (error: unknown) => {
            log.error("could not stop cleanly", { err: error });
            finish(1);
          },
        );
      } else if (now() - stoppingSince > SAME_KEYSTROKE_MS) {
        log.warn("stopping at once: second signal", { signal });
        finish(128 + constants.signals[signal]);
      }
    };

    const reload = () => {
      if (stoppingSince !== undefined) return;
      // One at a time: two overlapping reloads could leave the older file in force.
      reloads = reloads.then(onReload).catch((error: unknown) => log.error("reload failed", { err: error }));
    };

    const fail = (kind: string) => (error: unknown) => {
      log.error(kind, { err: error, stack: error instanceof Error ? error.stack : undefined });
      finish(1);
    };

    const listeners: readonly (readonly [string, (...args: unknown[]) => void])[] = [
      ["SIGTERM", () => stop("SIGTERM")],
      ["SIGINT", () => stop("SIGINT")],
      ["SIGHUP", reload],
      ["unhandledRejection", fail("unhandled rejection")],
      ["uncaughtException", fail("uncaught exception")],
    ];
    for (const [event, listener] of listeners) source.on(event, listener);
  });
}

/** A synchronous throw becomes a rejection. */
async function settle(action: () => unknown): Promise<unknown> {
  return action();
}
