// /proc/meminfo: how much memory and swap the machine has, and how much it could still give.
import { kibibytesLine } from "./counts.ts";

export interface Meminfo {
  totalBytes: number | undefined;
  /** The kernel's estimate, reclaimable caches included; absent before Linux 3.14. */
  availableBytes: number | undefined;
  swapTotalBytes: number | undefined;
  swapFreeBytes: number | undefined;
}

/** Source: proc_meminfo(5). A line that is absent or cut short is undefined. */
export function parseMeminfo(text: string): Meminfo {
  return {
    totalBytes: kibibytesLine(text, "MemTotal"),
    availableBytes: kibibytesLine(text, "MemAvailable"),
    swapTotalBytes: kibibytesLine(text, "SwapTotal"),
    swapFreeBytes: kibibytesLine(text, "SwapFree"),
  };
}
