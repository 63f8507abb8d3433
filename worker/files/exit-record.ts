// <worker>.exit: how the last incarnation of a supervised worker ended, written by its shim.
import type { Incarnation } from "../incarnation.ts";
import { isAbsent } from "../proc/read-text.ts";
import { readStrictly, runDirectoryOwners, type StrictRead } from "./read-strictly.ts";
import { countField, incarnationFields, incarnationJson, secondsField } from "./record-fields.ts";
import { exitRecordPath } from "./run-directory.ts";
import { type WriteOptions, writeAtomically } from "./write-atomically.ts";

export interface ExitRecord {
  version: 1;
  worker: string;
  incarnation: Incarnation;
  /** 0 … 255; 128+n for a signal. */
  code: number;
  /** Unix seconds. */
  atSeconds: number;
}

export function readExitRecord(runDirectory: string, worker: string): StrictRead<ExitRecord> {
  const path = exitRecordPath(runDirectory, worker);
  // As a rule: it is asked for at every look at a worker that runs.
  if (isAbsent(path)) return { kind: "absent" };
  return readStrictly(path, {
    owners: runDirectoryOwners(runDirectory),
    parse: (object) => {
      const incarnation = incarnationFields(object);
      const code = countField(object.code);
      const atSeconds = secondsField(object.at);
      if (object.worker !== worker || incarnation === undefined) return undefined;
      if (code === undefined || code > 255 || atSeconds === undefined) return undefined;
      return { version: 1, worker, incarnation, code, atSeconds };
    },
  });
}

export function writeExitRecord(runDirectory: string, record: ExitRecord, options?: WriteOptions): void {
  const { worker, incarnation, code, atSeconds } = record;
  const json = { version: 1, worker, ...incarnationJson(incarnation), code, at: atSeconds };
  writeAtomically(exitRecordPath(runDirectory, worker), `${JSON.stringify(json)}\n`, options);
}
