// <worker>.lock: who holds it, in the words of the shim that does. The record says nothing unless that shim still lives.

import { readStrictly, runDirectoryOwners } from "../../worker/files/read-strictly.ts";
import { incarnationFields } from "../../worker/files/record-fields.ts";
import { lockPath } from "../../worker/files/run-directory.ts";
import { isAlive } from "../../worker/identify.ts";
import type { Incarnation } from "../../worker/incarnation.ts";

/** The living shim that holds the worker's lock; undefined if none does, as far as the file tells. */
export function lockHolder(runDirectory: string, worker: string): Incarnation | undefined {
  const read = readStrictly(lockPath(runDirectory, worker), {
    owners: runDirectoryOwners(runDirectory),
    parse: incarnationFields,
  });
  return read.kind === "ok" && isAlive(read.value) ? read.value : undefined;
}
