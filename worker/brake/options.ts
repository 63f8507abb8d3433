// What a brake can be told, and what it takes for granted.
import { writeSync } from "node:fs";
import { AvailableMemory } from "./available.ts";

export interface BrakeOptions {
  /** What must stay available; default 2 GiB. */
  thresholdBytes?: number;
  /** Brakes in a row after which the worker leaves with exit code 42; 0: never. Default: `limits.consecutive_brakes`, else 10. */
  limit?: number;
  /** Safe memory for longer than this ends a streak; default 60. */
  resetAfterSeconds?: number;
  /** Between two brakes; default 1. */
  spacingSeconds?: number;
  /** At the limit it waits up to so long and looks again, so that the end of one worker spares the others; default 5. */
  jitterSeconds?: number;
  /** Its place; default: what pitcrew has set in the environment. */
  worker?: string;
  runDirectory?: string;
  /** Called before the worker leaves because pitcrew asked it to. */
  onCheckpoint?: () => unknown;
  /** The world around it, for tests. */
  availableBytes?: () => number | undefined;
  clock?: () => number;
  sleepSync?: (seconds: number) => void;
  sleep?: (seconds: number) => Promise<void>;
  exit?: (code: number) => never;
  say?: (line: string) => void;
}

export type ResolvedOptions = Required<Omit<BrakeOptions, "worker" | "runDirectory" | "onCheckpoint">> &
  Pick<BrakeOptions, "worker" | "runDirectory" | "onCheckpoint">;

export function resolve(options: BrakeOptions): ResolvedOptions {
  const { PITCREW_WORKER: worker, PITCREW_RUN_DIRECTORY: runDirectory } = process.env;
  const memory = options.availableBytes === undefined ? new AvailableMemory() : undefined;
  return {
    thresholdBytes: 2 * 1024 ** 3,
    limit: configuredLimit(),
    resetAfterSeconds: 60,
    spacingSeconds: 1,
    jitterSeconds: 5,
    ...(worker === undefined ? {} : { worker }),
    ...(runDirectory === undefined ? {} : { runDirectory }),
    availableBytes: () => memory?.read(),
    clock: () => performance.now() / 1000,
    sleepSync,
    sleep: (seconds) => new Promise((wake) => setTimeout(wake, seconds * 1000)),
    exit: (code) => process.exit(code),
    say,
    ...options,
  };
}

function configuredLimit(): number {
  const text = process.env.PITCREW_CONSECUTIVE_BRAKES ?? "";
  return /^[0-9]{1,9}$/.test(text) ? Number(text) : 10;
}

/** Blocks the thread: a synchronous check has no other way to wait. */
function sleepSync(seconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, seconds * 1000);
}

/** To the worker's log, past every stream: the process may end at the next instruction. */
function say(line: string): void {
  try {
    writeSync(2, `${line}\n`);
  } catch {
    // A log that cannot be written must not end the worker.
  }
}
