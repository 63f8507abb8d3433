// The two variables that every process of a supervised worker inherits: they find what left both its tree and its session.
import { statSync } from "node:fs";
import { RUN_DIRECTORY_VARIABLE, WORKER_VARIABLE } from "./launch-environment.ts";
import { readText } from "./proc/read-text.ts";

export interface Marker {
  worker: string;
  runDirectory: string;
  /** Only this user's processes are believed: anybody can put anything into an environment. Default: our own user. */
  uid?: number;
}

const MAX_ENVIRONMENT_BYTES = 1024 * 1024;

/** Source: proc_pid_environ(5): the environment the process was started with, in `name=value` entries ended by NUL. */
export function environmentHolds(text: string, { worker, runDirectory }: Marker): boolean {
  const entries = text.split("\0");
  return (
    entries.includes(`${WORKER_VARIABLE}=${worker}`) && entries.includes(`${RUN_DIRECTORY_VARIABLE}=${runDirectory}`)
  );
}

/** False also if we may not look: then it is not a process that we could have started. */
export function carriesMarker(pid: number, marker: Marker, procRoot: string): boolean {
  const owner = statSync(`${procRoot}/${pid}`, { throwIfNoEntry: false })?.uid;
  if (owner === undefined || owner !== (marker.uid ?? process.geteuid?.())) return false;
  const environment = readText(`${procRoot}/${pid}/environ`, MAX_ENVIRONMENT_BYTES);
  return environment.kind === "ok" && environmentHolds(environment.text, marker);
}
