// Where things lie in the run directory. It belongs to the remediator; only `workers/<worker>/` is the worker's own corner.
import { join } from "node:path";
import { isWorkerName } from "../name.ts";

export function pidRecordPath(runDirectory: string, worker: string): string {
  return join(runDirectory, `${safe(worker)}.pid`);
}

export function exitRecordPath(runDirectory: string, worker: string): string {
  return join(runDirectory, `${safe(worker)}.exit`);
}

/** Locked (flock) by the running worker's shim: a held lock forbids a start. */
export function lockPath(runDirectory: string, worker: string): string {
  return join(runDirectory, `${safe(worker)}.lock`);
}

export function requestRecordPath(runDirectory: string, worker: string): string {
  return join(runDirectory, `${safe(worker)}.request`);
}

export function stateRecordPath(runDirectory: string, worker: string): string {
  return join(runDirectory, `${safe(worker)}.state`);
}

/** 2770, worker's user : pitcrew. */
export function brakeDirectory(runDirectory: string, worker: string): string {
  return join(runDirectory, "workers", safe(worker));
}

export function brakeRecordPath(runDirectory: string, worker: string): string {
  return join(brakeDirectory(runDirectory, worker), "brake");
}

export function controlSocketPath(runDirectory: string): string {
  return join(runDirectory, "control.sock");
}

/** Names come from the configuration, which has checked them; this is what keeps a slip from becoming a path. */
function safe(worker: string): string {
  if (!isWorkerName(worker)) throw new TypeError(`not a worker name: ${JSON.stringify(worker)}`);
  return worker;
}
