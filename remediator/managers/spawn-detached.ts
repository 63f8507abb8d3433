// A process that outlives us: in a session of its own, its output in a log opened for appending, no descriptor of ours.
import { spawn } from "node:child_process";
import { closeSync, constants, mkdirSync, openSync } from "node:fs";
import { constants as osConstants } from "node:os";
import { join } from "node:path";
import { errorCode } from "../../worker/proc/read-text.ts";

export interface DetachedLaunch {
  argv: readonly [file: string, ...args: string[]];
  directory: string;
  environment: NodeJS.ProcessEnv;
  logDirectory: string;
  worker: string;
}

export type DetachedEnd =
  /** 128+n for a signal. */
  { kind: "exited"; code: number } | { kind: "not_spawned"; code: string; message: string };

export interface Detached {
  /** Undefined when it could not be spawned. */
  pid: number | undefined;
  /** Our own exit does not wait for it. */
  ended: Promise<DetachedEnd>;
}

export function spawnDetached({ argv, directory, environment, logDirectory, worker }: DetachedLaunch): Detached {
  const [file, ...args] = argv;
  let log: number | undefined;
  try {
    log = openLog(logDirectory, worker);
    const child = spawn(file, args, {
      detached: true,
      cwd: directory,
      env: environment,
      stdio: ["ignore", log, log],
    });
    child.unref();
    const ended = new Promise<DetachedEnd>((resolve) => {
      child.once("error", (error) => resolve(notSpawned(worker, error)));
      child.once("exit", (code, signal) => resolve({ kind: "exited", code: code ?? signalCode(signal) }));
    });
    return { pid: child.pid, ended };
  } catch (error) {
    // Some failures are thrown (the log, ENOMEM, E2BIG), others emitted (EAGAIN, ENOENT).
    return { pid: undefined, ended: Promise.resolve(notSpawned(worker, error)) };
  } finally {
    if (log !== undefined) closeSync(log);
  }
}

/**
 * The words that run a command as another user, its groups included, before its own: setpriv(1), which changes neither pid
 * nor start ticks. The shell's text is fixed and only finds setpriv where the system keeps it, whatever the worker's PATH.
 */
export function asUser(
  user: { uid: number; gid: number } | undefined,
  argv: readonly [file: string, ...args: string[]],
): readonly [file: string, ...args: string[]] {
  if (user === undefined) return argv;
  const ids = ["--reuid", String(user.uid), "--regid", String(user.gid), "--init-groups"];
  return ["/bin/sh", "-c", 'exec "$(command -pv setpriv)" "$@"', "setpriv", ...ids, "--", ...argv];
}

/** `O_APPEND`, so that a rotated or truncated log stays whole; a pipe would die with us. */
function openLog(directory: string, worker: string): number {
  mkdirSync(directory, { recursive: true });
  const { O_WRONLY, O_CREAT, O_APPEND, O_NOFOLLOW } = constants;
  return openSync(join(directory, `${worker}.log`), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0o640);
}

function notSpawned(worker: string, error: unknown): DetachedEnd {
  const detail = error instanceof Error ? error.message : String(error);
  return { kind: "not_spawned", code: errorCode(error), message: `${worker}: could not be started: ${detail}` };
}

function signalCode(signal: NodeJS.Signals | null): number {
  return signal === null ? 1 : 128 + osConstants.signals[signal];
}
