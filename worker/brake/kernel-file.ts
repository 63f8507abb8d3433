// A small file of the kernel, read through a descriptor that stays open: a read costs a third of open-read-close.
import { closeSync, openSync, readSync } from "node:fs";

const buffer = Buffer.allocUnsafe(8192);

export class KernelFile {
  readonly #path: string;
  #descriptor: number | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** @returns undefined if it cannot be read. */
  read(): string | undefined {
    try {
      this.#descriptor ??= openSync(this.#path, "r");
      return buffer.toString("latin1", 0, readSync(this.#descriptor, buffer, 0, buffer.length, 0));
    } catch {
      this.close();
      return undefined;
    }
  }

  close(): void {
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    try {
      if (descriptor !== undefined) closeSync(descriptor);
    } catch {
      // Somebody else has closed it.
    }
  }
}
