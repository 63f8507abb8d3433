// What single processes use, where there is no /proc: pidusage, by ps(1) alone.
import pidusage from "pidusage";
import { errorCode } from "../proc/read-text.ts";

export interface Usage {
  residentBytes: number;
  cpuSeconds: number;
  /** Unix time, to about a second: ps tells whole seconds of elapsed time. */
  startSeconds: number;
}

/**
 * `usePs`: its reader of /proc keeps a descriptor by pid alone, which reads as dead for ever once the pid is given to another process.
 * `maxage: 0`: no history, which is kept by pid alone too; without `usePs` that would make it read in an endless loop.
 */
const OPTIONS = { usePs: true, maxage: 0 } as const;

/** One ps for so many. */
const CHUNK = 500;

/**
 * By pid; one that is gone is not in it.
 * @throws if ps(1) could not be asked, or said what is no number
 */
export async function usageOf(pids: readonly number[]): Promise<ReadonlyMap<number, Usage>> {
  const usage = new Map<number, Usage>();
  for (let at = 0; at < pids.length; at += CHUNK) {
    for (const [pid, figures] of await ask(pids.slice(at, at + CHUNK))) usage.set(pid, figures);
  }
  return usage;
}

async function ask(pids: readonly number[]): Promise<readonly (readonly [number, Usage])[]> {
  try {
    const answers = Object.values(await pidusage([...pids], OPTIONS)) as (pidusage.Status | undefined)[];
    return answers.filter((answer) => answer !== undefined).map(toUsage);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
    // Some systems' ps says so if any of them is gone.
    if (pids.length === 1) return [];
    const each = await Promise.all(pids.map((pid) => ask([pid])));
    return each.flat();
  }
}

function toUsage({ pid, memory, ctime, elapsed, timestamp }: pidusage.Status): readonly [number, Usage] {
  if (![pid, memory, ctime, elapsed, timestamp].every((value) => Number.isFinite(value) && value >= 0))
    throw new Error(`ps does not tell the figures of pid ${pid}`);
  return [
    pid,
    { residentBytes: memory, cpuSeconds: ctime / 1000, startSeconds: Math.round((timestamp - elapsed) / 1000) },
  ];
}
