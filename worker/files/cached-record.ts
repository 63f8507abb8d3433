// A record is read again only when its file has changed: one lstat instead of an open, a read and a parse.
import { lstatSync, type Stats } from "node:fs";
import type { StrictRead } from "./read-strictly.ts";

/** A file system's clock ticks in steps of up to 10 ms: what changed a moment ago may change again without a trace. */
const SETTLED_MS = 100;

export class CachedRecord<T> {
  readonly #path: string;
  readonly #read: () => StrictRead<T>;
  #signature: string | undefined;
  #last: StrictRead<T> = { kind: "absent" };

  constructor(path: string, read: () => StrictRead<T>) {
    this.#path = path;
    this.#read = read;
  }

  get(): StrictRead<T> {
    const stats = this.#stats();
    if (stats === "absent") {
      this.#signature = undefined;
      return { kind: "absent" };
    }
    const signature = stats === undefined ? undefined : signatureOf(stats);
    if (signature !== undefined && signature === this.#signature) return this.#last;
    this.#last = this.#read();
    this.#signature = signature;
    return this.#last;
  }

  /** Undefined if we may not even look: the reader then says why. */
  #stats(): Stats | "absent" | undefined {
    try {
      return lstatSync(this.#path, { throwIfNoEntry: false }) ?? "absent";
    } catch {
      return undefined;
    }
  }
}

function signatureOf({ dev, ino, size, mtimeMs, ctimeMs, uid, mode }: Stats): string | undefined {
  const isSettled = Math.abs(Date.now() - ctimeMs) > SETTLED_MS;
  return isSettled ? [dev, ino, size, mtimeMs, ctimeMs, uid, mode].join(" ") : undefined;
}
