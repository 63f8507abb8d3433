// <worker>.request: what pitcrew asks of a worker, seen by the brake library's check(). A file, not a signal: SIGUSR1 has other meanings.
import type { Incarnation } from "../incarnation.ts";
import { readStrictly, runDirectoryOwners, type StrictRead } from "./read-strictly.ts";
import { incarnationFields, incarnationJson, secondsField, textField } from "./record-fields.ts";
import { requestRecordPath } from "./run-directory.ts";
import { type WriteOptions, writeAtomically } from "./write-atomically.ts";

export interface RequestRecord {
  version: 1;
  worker: string;
  kind: "relief" | "drain";
  /** New for every request; the worker answers each id once. */
  id: string;
  /** The process that is asked: the one that wrote the brake record. Another one ignores the request. */
  incarnation: Incarnation;
  /** Unix seconds. */
  atSeconds: number;
}

export function readRequestRecord(runDirectory: string, worker: string): StrictRead<RequestRecord> {
  return readStrictly(requestRecordPath(runDirectory, worker), {
    owners: runDirectoryOwners(runDirectory),
    parse: (object) => {
      const { worker: name, kind } = object;
      const id = textField(object.id);
      const incarnation = incarnationFields(object);
      const atSeconds = secondsField(object.at);
      if (name !== worker || (kind !== "relief" && kind !== "drain")) return undefined;
      if (id === undefined || id === "" || incarnation === undefined || atSeconds === undefined) return undefined;
      return { version: 1, worker, kind, id, incarnation, atSeconds };
    },
  });
}

/** Readable by everyone: the worker may run as another user. */
export function writeRequestRecord(runDirectory: string, record: RequestRecord, options?: WriteOptions): void {
  const { worker, kind, id, incarnation, atSeconds } = record;
  const json = { version: 1, worker, kind, id, ...incarnationJson(incarnation), at: atSeconds };
  writeAtomically(requestRecordPath(runDirectory, worker), `${JSON.stringify(json)}\n`, options);
}
