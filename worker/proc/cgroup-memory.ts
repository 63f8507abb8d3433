// The files of a memory control group, v1 and v2.
import { namedCount } from "./named-counts.ts";

export interface CgroupMemoryStat {
  /** Anonymous and shared memory: what a worker holds and only its end gives back. */
  heldBytes: number | undefined;
  /** Page cache that the kernel can drop. */
  fileCacheBytes: number | undefined;
}

/**
 * memory.stat. v2: `anon`, `shmem`, `inactive_file`, `active_file`, of the whole subtree. v1: the same as `total_…`, with
 * `total_rss` for the anonymous part (there, `rss` alone leaves out the subtree).
 */
export function parseMemoryStat(text: string): CgroupMemoryStat {
  const v1 = namedCount(text, "total_rss");
  const prefix = v1 === undefined ? "" : "total_";
  return {
    heldBytes: sum(v1 ?? namedCount(text, "anon"), namedCount(text, `${prefix}shmem`)),
    fileCacheBytes: sum(namedCount(text, `${prefix}inactive_file`), namedCount(text, `${prefix}active_file`)),
  };
}

function sum(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a + b;
}

/** v1 has no word for "no limit": it prints the largest multiple of the page size below 2^63. */
const V1_UNLIMITED = 2 ** 62;

/** memory.max or memory.limit_in_bytes. */
export function parseMemoryLimit(text: string): number | "unlimited" | undefined {
  const word = text.trim();
  if (word === "max") return "unlimited";
  if (!/^[0-9]{1,20}$/.test(word)) return undefined;
  const value = Number(word);
  if (value >= V1_UNLIMITED) return "unlimited";
  return Number.isSafeInteger(value) ? value : undefined;
}
