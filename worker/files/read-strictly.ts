// Records are read as if an enemy had placed them: no link is followed, no FIFO waited for, no size believed.
import { closeSync, constants, fstatSync, openSync, readSync, statSync } from "node:fs";
import { errorCode } from "../proc/read-text.ts";

export type StrictRead<T> = { kind: "absent" } | { kind: "refused"; why: string } | { kind: "ok"; value: T };

export const MAX_RECORD_BYTES = 4096;

export interface StrictReadOptions<T> {
  /** User ids that may own the file; undefined: anyone. */
  owners?: readonly number[] | undefined;
  /** From the JSON object, its version already checked, to the record; undefined: refused. */
  parse: (object: Readonly<Record<string, unknown>>) => T | undefined;
}

/** A regular file of an expected owner, at most 4 KiB, holding one JSON object with `version: 1`. */
export function readStrictly<T>(path: string, { owners, parse }: StrictReadOptions<T>): StrictRead<T> {
  const file = readRegularFile(path, owners);
  if (file.kind !== "ok") return file;
  let parsed: unknown;
  try {
    parsed = JSON.parse(file.value);
  } catch {
    return refused("not JSON");
  }
  if (!isObject(parsed)) return refused("not a JSON object");
  if (parsed.version !== 1) return refused("not version 1");
  const value = parse(parsed);
  return value === undefined ? refused("a field is missing or malformed") : { kind: "ok", value };
}

/** The text of a small regular file. `owners` are compared on the descriptor, so no rename can slip in between. */
export function readRegularFile(path: string, owners?: readonly number[]): StrictRead<string> {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT") return { kind: "absent" };
    return refused(code === "ELOOP" ? "a symbolic link" : code);
  }
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile()) return refused("not a regular file");
    if (owners !== undefined && !owners.includes(status.uid)) return refused(`owned by uid ${status.uid}`);
    if (status.size > MAX_RECORD_BYTES) return refused(`larger than ${MAX_RECORD_BYTES} bytes`);
    // One byte more than allowed: the file may have grown since.
    const buffer = Buffer.allocUnsafe(MAX_RECORD_BYTES + 1);
    let length = 0;
    for (let count = -1; count !== 0 && length < buffer.length; length += count) {
      count = readSync(descriptor, buffer, length, buffer.length - length, null);
    }
    if (length > MAX_RECORD_BYTES) return refused(`larger than ${MAX_RECORD_BYTES} bytes`);
    return { kind: "ok", value: buffer.toString("utf8", 0, length) };
  } catch (error) {
    return refused(errorCode(error));
  } finally {
    closeSync(descriptor);
  }
}

/** Who may own what lies directly in the run directory: root, and whoever owns the directory. */
export function runDirectoryOwners(runDirectory: string): readonly number[] {
  const owner = statSync(runDirectory, { throwIfNoEntry: false })?.uid;
  return owner === undefined ? [0] : [0, owner];
}

function refused(why: string): { kind: "refused"; why: string } {
  return { kind: "refused", why };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
