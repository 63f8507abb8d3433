// Tells at once when a worker's pid or exit record changes, so that an exit is handled when it happens, not at the next look.
import { type FSWatcher, readdirSync, statSync, watch } from "node:fs";
import { basename } from "node:path";
import { isWorkerName } from "../../worker/name.ts";

/** How often a directory that cannot be watched, or is not there, is looked for. */
const UNWATCHED_MS = 1000;
/** How often we make sure that the directory being watched is still the one at this path: its own removal is told, a mount over it is not. */
const WATCHED_MS = 30_000;

/**
 * Calls `onChange` with the worker's name after each change of `<worker>.exit` or `<worker>.pid`, possibly more than once
 * for one change. Goes on when the directory is missing, deleted or made anew: what is in a new one counts as changed.
 * Where the kernel grants no watch, the directory is looked through instead.
 */
export function watchExits(runDirectory: string, onChange: (worker: string) => void): { close(): void } {
  let watcher: FSWatcher | undefined;
  let watched: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  const release = () => {
    watcher?.close();
    watcher = undefined;
    watched = undefined;
  };

  const check = () => {
    look();
    arm();
  };

  const arm = () => {
    clearTimeout(timer);
    if (!isClosed) timer = setTimeout(check, watcher === undefined ? UNWATCHED_MS : WATCHED_MS).unref();
  };

  const look = () => {
    const present = directoryIdentity(runDirectory);
    if (watcher !== undefined && present === watched) return;
    release();
    if (present === undefined) return;
    try {
      watcher = watch(runDirectory, { persistent: false }, (_event, file) => {
        const worker = file === null ? undefined : workerOf(file);
        if (worker !== undefined) onChange(worker);
        // What happens to the directory itself is told under its own name; the watch is dead then.
        if (file === basename(runDirectory)) {
          release();
          check();
        }
      });
      watcher.on("error", () => {
        release();
        arm();
      });
      watched = present;
    } catch {
      // No watch to be had (inotify limits): every check looks at everything.
    }
    for (const worker of workersIn(runDirectory)) onChange(worker);
  };

  check();
  return {
    close() {
      isClosed = true;
      clearTimeout(timer);
      release();
    },
  };
}

/** The worker whose pid or exit record has this file name; undefined for every other file. */
function workerOf(file: string): string | undefined {
  const [, worker] = /^(.+)\.(?:exit|pid)$/.exec(file) ?? [];
  return worker !== undefined && isWorkerName(worker) ? worker : undefined;
}

function workersIn(directory: string): Set<string> {
  const workers = new Set<string>();
  try {
    for (const file of readdirSync(directory)) {
      const worker = workerOf(file);
      if (worker !== undefined) workers.add(worker);
    }
  } catch {
    // Gone between two looks: the next check sees it.
  }
  return workers;
}

/** Inode numbers are given out again at once, so the time of birth belongs to it. */
function directoryIdentity(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false, bigint: true });
  return stat?.isDirectory() ? `${stat.dev}:${stat.ino}:${stat.birthtimeNs}` : undefined;
}
