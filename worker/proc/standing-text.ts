// Files of the kernel that are there as long as the machine is: opened once, and read from their beginning each time.
import { KeptFile } from "./kept-file.ts";
import { textOf } from "./read-text.ts";

const kept = new Map<string, KeptFile>();

/**
 * The text, as much of it as one read of 8 KiB brings, or undefined for whatever reason it could not be read. Only what is in the kernel's own
 * /proc is kept open: a copy of it is made of files, and they may be replaced.
 */
export function standingText(path: string): string | undefined {
  if (!path.startsWith("/proc/")) return textOf(path);
  const known = kept.get(path) ?? KeptFile.open(path);
  if (typeof known === "string") return undefined;
  kept.set(path, known);
  const text = known.text();
  if (text !== undefined) return text;
  // A container's own /proc (lxcfs) may come back as another one.
  known.close();
  kept.delete(path);
  return textOf(path);
}
