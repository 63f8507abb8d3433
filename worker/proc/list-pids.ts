// Which processes exist, and whether any was created since the last look.
import { readdirSync } from "node:fs";
import { parseCount } from "./counts.ts";
import { standingText } from "./standing-text.ts";

/** @returns undefined if /proc could not be read. */
export function listPids(procRoot = "/proc"): number[] | undefined {
  try {
    const pids: number[] = [];
    for (const name of readdirSync(procRoot)) {
      const pid = parseCount(name);
      if (pid !== undefined) pids.push(pid);
    }
    return pids;
  } catch {
    // The caller counts it: without a list nothing can be said about absent processes.
    return undefined;
  }
}

/**
 * The pid that was given out last: while it stays the same, no process or thread has been created. Source: proc_loadavg(5), field 5.
 * Undefined if unreadable, or 0, as sandboxes print that do not keep it.
 */
export function lastCreatedPid(procRoot = "/proc"): number | undefined {
  const text = standingText(`${procRoot}/loadavg`);
  const pid = parseCount(/ ([0-9]+)\n$/.exec(text ?? "")?.[1]);
  return pid === 0 ? undefined : pid;
}
