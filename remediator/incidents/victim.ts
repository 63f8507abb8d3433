// Whose end helps most when the machine as a whole runs out of memory.
import type { WorkerReading } from "../../worker/reading.ts";
import { bytes } from "./phrases.ts";

export interface Candidate {
  reading: WorkerReading;
  /** Its incident, pause, cooldown or group forbid it; with the reason, for the story. */
  excluded: string | undefined;
}

export type Choice =
  | { kind: "victim"; worker: string; memoryBytes: number; because: string }
  | { kind: "none"; because: string };

/**
 * The eligible worker whose end frees most. If all of them together hold less than what is missing, the memory is somebody else's, and none of
 * them is ended for it; but the first below the critical floor, where less than enough may still save the machine.
 * @param shortageBytes what is missing to the floor
 * @param alreadyEnded how many this incident has ended
 */
export function chooseVictim(
  candidates: readonly Candidate[],
  shortageBytes: number,
  { alreadyEnded, critical }: { alreadyEnded: number; critical: boolean },
): Choice {
  const eligible = candidates
    .filter((candidate) => candidate.excluded === undefined)
    .map((candidate) => ({ name: candidate.reading.spec.name, memoryBytes: memoryOf(candidate.reading) }))
    .filter((candidate) => candidate.memoryBytes > 0)
    .sort((a, b) => b.memoryBytes - a.memoryBytes || a.name.localeCompare(b.name));
  const largest = eligible[0];
  if (largest === undefined) {
    const excluded = candidates.flatMap((candidate) =>
      candidate.excluded === undefined ? [] : [`${candidate.reading.spec.name} ${candidate.excluded}`],
    );
    return {
      kind: "none",
      because:
        excluded.length === 0 ? "none of the workers holds memory" : `no worker is eligible: ${excluded.join(", ")}`,
    };
  }
  const inReach = eligible.reduce((sum, candidate) => sum + candidate.memoryBytes, 0);
  if (inReach < shortageBytes && (alreadyEnded > 0 || !critical))
    return {
      kind: "none",
      because: `the memory belongs to none of the workers: all ${eligible.length} together hold ${bytes(inReach)}, and ${bytes(shortageBytes)} are missing`,
    };
  return {
    kind: "victim",
    worker: largest.name,
    memoryBytes: largest.memoryBytes,
    because: `the largest of ${eligible.length}`,
  };
}

/** What its end gives back, in memory and in swap. */
function memoryOf({ tree }: WorkerReading): number {
  return (tree?.memoryBytes ?? tree?.residentMemoryBytes ?? 0) + (tree?.swapMemoryBytes ?? 0);
}
