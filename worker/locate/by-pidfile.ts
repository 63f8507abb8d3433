// A worker that somebody else starts, and that leaves its pid in a file.
import { lstatSync } from "node:fs";
import { CLOCK_TICKS_PER_SECOND } from "../boot.ts";
import { CachedRecord } from "../files/cached-record.ts";
import { readLiveStat } from "../identify.ts";
import { type Finder, foundRoot, type Look } from "./finder.ts";
import type { Located } from "./located.ts";
import { readPidfile } from "./pidfile.ts";

/** Clocks are set, and differ by fractions: only a process that is clearly younger than the file is another one. */
const YOUNGER_SECONDS = 10;

export function findByPidfile(path: string): Finder {
  const file = new CachedRecord(path, () => readPidfile(path));
  /** What the file, as it was written at that time, has been seen to mean. */
  let meant: { writtenMs: number; pid: number; startTicks: number } | undefined;
  const check = (located: Located, look: Look): Located => {
    const writtenMs = lstatSync(path, { throwIfNoEntry: false })?.mtimeMs;
    if (located.kind !== "found" || writtenMs === undefined) return located;
    const { pid, startTicks } = located.root;
    // The same file means the same process: its pid has been given to another one.
    if (meant?.writtenMs === writtenMs && meant.pid === pid && meant.startTicks !== startTicks) return { kind: "down" };
    // Nobody writes down a pid before there is one: the file was left over, perhaps by another boot.
    const startedSeconds = look.bootTimeSeconds + startTicks / CLOCK_TICKS_PER_SECOND;
    if (startedSeconds > writtenMs / 1000 + YOUNGER_SECONDS) return { kind: "unknown", source: "pidfile" };
    meant = { writtenMs, pid, startTicks };
    return located;
  };
  return {
    scans: false,
    locate: (look) => {
      const read = file.get();
      if (read.kind === "absent") return { kind: "down" };
      if (read.kind === "refused") return { kind: "unknown", source: "pidfile" };
      return check(foundRoot(read.value, look), look);
    },
    // A daemon removes its file before it ends, and writes the next one's over it: only another living process changes the answer.
    isStale: (root, { procRoot }) => {
      const read = file.get();
      return read.kind === "ok" && read.value !== root.pid && readLiveStat(read.value, procRoot) !== undefined;
    },
  };
}
