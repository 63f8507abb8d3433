// /proc/<pid>/smaps_rollup: what a process really costs, each shared page divided by the number of its users.
import { kibibytesLine } from "./counts.ts";

/**
 * Source: proc_pid_smaps(5). Empty for a zombie and a kernel thread.
 * @returns undefined if the Pss line is absent or cut short.
 */
export function parseSmapsRollup(text: string): { pssBytes: number } | undefined {
  const pssBytes = kibibytesLine(text, "Pss");
  return pssBytes === undefined ? undefined : { pssBytes };
}
