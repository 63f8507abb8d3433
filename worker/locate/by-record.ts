// A supervised worker: its shim has written down which process it is.
import { CachedRecord } from "../files/cached-record.ts";
import { readPidRecord } from "../files/pid-record.ts";
import { pidRecordPath } from "../files/run-directory.ts";
import { type Finder, foundRoot } from "./finder.ts";

export function findByRecord(runDirectory: string, worker: string): Finder {
  const record = new CachedRecord(pidRecordPath(runDirectory, worker), () => readPidRecord(runDirectory, worker));
  return {
    scans: false,
    locate: (look) => {
      const read = record.get();
      if (read.kind === "absent") return { kind: "down" };
      if (read.kind === "refused") return { kind: "unknown", source: "record" };
      const { incarnation, session } = read.value;
      const located = foundRoot(incarnation.pid, look, session);
      if (located.kind !== "found") return located;
      const { bootId, startTicks } = located.root;
      const isTheOne = bootId === incarnation.bootId && startTicks === incarnation.startTicks;
      return isTheOne ? located : { kind: "down" };
    },
    // No second copy is started while this one lives, so no record can name another one.
    isStale: () => false,
  };
}
