// The files of a memory control group, v1 and v2.
import { parseCount } from "./counts.ts";

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
  const values = new Map<string, number>();
  const lines = text.split("\n");
  lines.pop();
  for (const line of lines) {
    const space = line.indexOf(" ");
    const value = parseCount(line.slice(space + 1));
    if (space > 0 && value !== undefined) values.set(line.slice(0, space), value);
  }
  const isV1 = values.has("total_rss");
  const prefix = isV1 ? "total_" : "";
  return {
    heldBytes: sum(values.get(isV1 ? "total_rss" : "anon"), values.get(`${prefix}shmem`)),
    fileCacheBytes: sum(values.get(`${prefix}inactive_file`), values.get(`${prefix}active_file`)),
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
