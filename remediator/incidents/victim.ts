// Whose end helps most when the machine as a whole runs out of memory.
import type { WorkerReading } from "../../worker/reading.ts";

export interface Candidate {
  reading: WorkerReading;
  /** Its incident, pause, cooldown or group forbid it; with the reason, for the story. */
  excluded: string | undefined;
}

export type Choice =
  | { kind: "victim"; worker: string; memoryBytes: number; because: string }
  | { kind: "none"; because: string };

/**
 * The eligible worker whose end frees most.
 * @param shortageBytes what is missing to the floor
 * @param alreadyEnded how many this incident has ended: after the first, more are ended only if that can reach the floor
 */
export function chooseVictim(candidates: readonly Candidate[], shortageBytes: number, alreadyEnded: number): Choice {
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
  if (alreadyEnded > 0 && inReach < shortageBytes)
    return {
      kind: "none",
      because: "the memory belongs to none of the workers: ending all of them would not reach the floor",
    };
  return {
    kind: "victim",
    worker: largest.name,
    memoryBytes: largest.memoryBytes,
    because: `the largest of ${eligible.length}`,
  };
}

function memoryOf(reading: WorkerReading): number {
  return reading.tree?.memoryBytes ?? reading.tree?.residentMemoryBytes ?? 0;
}
