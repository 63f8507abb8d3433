// A small kernel file that is kept open and read from its beginning each time: four times cheaper than opening it again, and once its process
// is gone it says so, even when the pid has been given to another.
import { closeSync, openSync, readSync } from "node:fs";
import { failedRead, textOf } from "./read-text.ts";

/** What the last read of any kept file has brought; the next one writes over it. */
export const keptBytes = Buffer.allocUnsafe(8192);

/** For sockets, the journal and whatever else the program opens. */
const RESERVED_DESCRIPTORS = 512;
const FALLBACK_LIMIT = 1024;

let limit: number | undefined;
let open = 0;

export class KeptFile {
  readonly #path: string;
  #descriptor: number | undefined;

  private constructor(path: string, descriptor: number | undefined) {
    this.#path = path;
    this.#descriptor = descriptor;
  }

  static open(path: string): KeptFile | "gone" | "unreadable" {
    try {
      const file = new KeptFile(path, openSync(path, "r"));
      open++;
      limit ??= Math.max(0, descriptorLimit() - RESERVED_DESCRIPTORS);
      // Beyond that the path itself is kept: slower, and the caller has to check whose file it is.
      if (open > limit) file.close();
      return file;
    } catch (error) {
      return failedRead(error).kind;
    }
  }

  /** False: a later read may be another process' file. */
  get isKept(): boolean {
    return this.#descriptor !== undefined;
  }

  /** @returns how many bytes are in `keptBytes`; a longer file is cut short. */
  read(): number | "gone" | "unreadable" {
    try {
      if (this.#descriptor !== undefined) return readSync(this.#descriptor, keptBytes, 0, keptBytes.length, 0);
      const descriptor = openSync(this.#path, "r");
      try {
        return readSync(descriptor, keptBytes, 0, keptBytes.length, 0);
      } finally {
        closeSync(descriptor);
      }
    } catch (error) {
      return failedRead(error).kind;
    }
  }

  text(): string | undefined {
    const length = this.read();
    return typeof length === "number" ? keptBytes.toString("latin1", 0, length) : undefined;
  }

  close(): void {
    if (this.#descriptor === undefined) return;
    closeSync(this.#descriptor);
    this.#descriptor = undefined;
    open--;
  }
}

/** Source: proc_pid_limits(5). Node raises the soft limit to the hard one as it starts. */
export function parseOpenFilesLimit(text: string): number | undefined {
  const soft = /^Max open files +([0-9]+|unlimited) /m.exec(text)?.[1];
  return soft === undefined ? undefined : soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft);
}

function descriptorLimit(): number {
  return parseOpenFilesLimit(textOf("/proc/self/limits") ?? "") ?? FALLBACK_LIMIT;
}
