// /proc/<pid>/smaps_rollup: what a process really costs, each shared page divided by the number of its users.
import { kibibytesLine } from "./counts.ts";

export interface SmapsRollup {
  pssBytes: number;
  /** Pages that nobody else has: what its end would give back. Undefined if a line of theirs is absent. */
  ussBytes: number | undefined;
}

/**
 * Source: proc_pid_smaps(5). Empty for a zombie and a kernel thread.
 * @returns undefined if the Pss line is absent or cut short.
 */
export function parseSmapsRollup(text: string): SmapsRollup | undefined {
  const pssBytes = kibibytesLine(text, "Pss");
  if (pssBytes === undefined) return undefined;
  const clean = kibibytesLine(text, "Private_Clean");
  const dirty = kibibytesLine(text, "Private_Dirty");
  const huge = kibibytesLine(text, "Private_Hugetlb") ?? 0;
  return { pssBytes, ussBytes: clean === undefined || dirty === undefined ? undefined : clean + dirty + huge };
}
