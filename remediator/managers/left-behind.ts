// Supervised workers that run on although the configuration no longer names them: a slip in a file ends no process. People are told of them, and
// say what is to become of them: back into the file, where they are adopted, or `pitcrew stop`.
import { readdirSync } from "node:fs";
import type { Config } from "../../config/config.ts";
import { readPidRecord } from "../../worker/files/pid-record.ts";
import { isAlive } from "../../worker/identify.ts";
import type { Incarnation } from "../../worker/incarnation.ts";
import { isWorkerName } from "../../worker/name.ts";
import { treeOf } from "../../worker/process-tree.ts";
import { signalIncarnation } from "../../worker/signal.ts";
import { killAll } from "./kill-all.ts";
import type { SignalResult } from "./manager.ts";

/** Its own grace went with its entry. */
export const LEFT_BEHIND_GRACE_SECONDS = 30;

export interface LeftBehind {
  worker: string;
  incarnation: Incarnation;
}

export function leftBehind({ runDirectory, workers }: Pick<Config, "runDirectory" | "workers">): LeftBehind[] {
  const configured = new Set(workers.map(({ name }) => name));
  return recordedWorkers(runDirectory)
    .filter((worker) => !configured.has(worker))
    .flatMap((worker) => {
      const read = readPidRecord(runDirectory, worker);
      const incarnation = read.kind === "ok" ? read.value.incarnation : undefined;
      return incarnation !== undefined && isAlive(incarnation) ? [{ worker, incarnation }] : [];
    });
}

/** SIGTERM at once, and SIGKILL to what is left of its tree when the grace is over. */
export function endLeftBehind(runDirectory: string, { incarnation, worker }: LeftBehind): SignalResult {
  const tree = () => treeOf(incarnation, { session: incarnation.pid, marker: { worker, runDirectory } });
  const result = signalIncarnation(incarnation, "SIGTERM");
  setTimeout(() => {
    // By then the name may be a configured worker's again, with a process of its own.
    if (isAlive(incarnation)) void killAll(tree);
  }, LEFT_BEHIND_GRACE_SECONDS * 1000).unref();
  return result;
}

export function leftBehindText({ incarnation, worker }: LeftBehind): string {
  return `${worker} runs on as pid ${incarnation.pid} and nobody looks after it: put it back, or end it with pitcrew stop ${worker}`;
}

function recordedWorkers(runDirectory: string): string[] {
  try {
    return readdirSync(runDirectory)
      .flatMap((file) => /^(.+)\.pid$/.exec(file)?.[1] ?? [])
      .filter(isWorkerName)
      .sort();
  } catch {
    // Nothing was ever started from here.
    return [];
  }
}
