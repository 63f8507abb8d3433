// A worker that somebody else starts, and that leaves its pid in a file.
import { CachedRecord } from "../files/cached-record.ts";
import { readLiveStat } from "../identify.ts";
import { type Finder, foundRoot } from "./finder.ts";
import { readPidfile } from "./pidfile.ts";

export function findByPidfile(path: string): Finder {
  const file = new CachedRecord(path, () => readPidfile(path));
  return {
    scans: false,
    locate: (look) => {
      const read = file.get();
      if (read.kind === "absent") return { kind: "down" };
      if (read.kind === "refused") return { kind: "unknown", source: "pidfile" };
      return foundRoot(read.value, look);
    },
    // A daemon removes its file before it ends, and writes the next one's over it: only another living process changes the answer.
    isStale: (root, { procRoot }) => {
      const read = file.get();
      return read.kind === "ok" && read.value !== root.pid && readLiveStat(read.value, procRoot) !== undefined;
    },
  };
}
