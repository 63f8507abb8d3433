// One synchronous read of a small file, most often the kernel's: ten times cheaper than a promise. Gone is a value, not an error.
import { closeSync, lstatSync, openSync, readSync } from "node:fs";

export type TextRead = { kind: "ok"; text: string } | { kind: "gone" } | { kind: "unreadable"; code: string };

const DEFAULT_MAX_BYTES = 64 * 1024;
let buffer = Buffer.allocUnsafe(DEFAULT_MAX_BYTES);

/** Reads at most `maxBytes`; a longer file is cut short. */
export function readText(path: string, maxBytes = DEFAULT_MAX_BYTES): TextRead {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, "r");
    return { kind: "ok", text: readAll(descriptor, maxBytes) };
  } catch (error) {
    return failedRead(error);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** The text, or undefined for whatever reason it could not be read. */
export function textOf(path: string): string | undefined {
  const read = readText(path);
  return read.kind === "ok" ? read.text : undefined;
}

/** To ask costs a quarter of opening what is not there, which throws. False if it cannot be told: to open it then says why. */
export function isAbsent(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) === undefined;
  } catch {
    return false;
  }
}

/** ENOENT and ESRCH say that the process is gone; ENOTDIR that a fixture is odd; the rest that we may not look. */
export function failedRead(error: unknown): Exclude<TextRead, { kind: "ok" }> {
  const code = errorCode(error);
  return code === "ENOENT" || code === "ESRCH" || code === "ENOTDIR" ? { kind: "gone" } : { kind: "unreadable", code };
}

export function errorCode(error: unknown): string {
  if (error instanceof Error && "code" in error && typeof error.code === "string") return error.code;
  throw error;
}

function readAll(descriptor: number, maxBytes: number): string {
  if (buffer.length < maxBytes) buffer = Buffer.allocUnsafe(maxBytes);
  let length = 0;
  while (length < maxBytes) {
    const count = readSync(descriptor, buffer, length, maxBytes - length, null);
    if (count === 0) break;
    length += count;
  }
  return buffer.toString("utf8", 0, length);
}
