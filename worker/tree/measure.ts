// What a worker's limits are held against: `limits.measure`, and what `auto` means.

import type { ReadSource } from "../reading.ts";
import type { Limits } from "../spec.ts";
import type { PssRead } from "./pss.ts";

export interface MemoryFacts {
  limits: Limits;
  /** RSS summed over the tree; shared pages count more than once. */
  residentBytes: number | undefined;
  processes: number;
  /** The worker's own control group, if it has one. */
  cgroup: { heldBytes(): number | undefined } | undefined;
}

export type Method = "cgroup" | "rss" | "pss";

/**
 * `auto`: the worker's own control group; else the RSS of a lone process; else PSS, but RSS as long as it is at most half of the smallest limit:
 * it is never less than PSS, and costs a hundredth.
 */
export function chooseMethod({ limits, residentBytes, processes, cgroup }: MemoryFacts): Method {
  if (limits.measure !== "auto") return limits.measure;
  if (cgroup !== undefined) return "cgroup";
  if (processes <= 1) return "rss";
  const smallestLimit = Math.min(limits.memoryBytes ?? Infinity, limits.memoryReliefBytes ?? Infinity);
  return residentBytes === undefined || residentBytes <= smallestLimit / 2 ? "rss" : "pss";
}

export type Measured = { kind: "ok"; bytes: number } | { kind: "absent"; source: ReadSource };

/** A figure that cannot be read is absent: another method's would be compared with a limit that was not meant for it. */
export async function measureMemory(facts: MemoryFacts, samplePss: () => Promise<PssRead>): Promise<Measured> {
  if (chooseMethod(facts) !== "pss") return measureAtOnce(facts);
  const read = await samplePss();
  return measured(read.kind === "ok" ? read.pssBytes : undefined, "pss");
}

/** By the method that is chosen, unless that is PSS: without a promise for each of a thousand workers. */
export function measureAtOnce(facts: MemoryFacts): Measured {
  return chooseMethod(facts) === "cgroup"
    ? measured(facts.cgroup?.heldBytes(), "cgroup")
    : measured(facts.residentBytes, "memory");
}

function measured(bytes: number | undefined, source: ReadSource): Measured {
  return bytes === undefined ? { kind: "absent", source } : { kind: "ok", bytes };
}
