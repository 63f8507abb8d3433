// <worker>.pid: the incarnation of a supervised worker, written by its shim before the worker's own code runs.
import type { Incarnation } from "../incarnation.ts";
import { readStrictly, runDirectoryOwners, type StrictRead } from "./read-strictly.ts";
import { countField, incarnationFields, incarnationJson, textField } from "./record-fields.ts";
import { pidRecordPath } from "./run-directory.ts";
import { type WriteOptions, writeAtomically } from "./write-atomically.ts";

export interface PidRecord {
  version: 1;
  worker: string;
  incarnation: Incarnation;
  /** The shim's session; its leader is the shim itself, which is no member of the worker's tree. */
  session: number;
  /** Unique per start, so that one whose outcome nobody lived to see is recognised. */
  startId: string;
}

export function readPidRecord(runDirectory: string, worker: string): StrictRead<PidRecord> {
  return readStrictly(pidRecordPath(runDirectory, worker), {
    owners: runDirectoryOwners(runDirectory),
    parse: (object) => {
      const incarnation = incarnationFields(object);
      const session = countField(object.session);
      const startId = textField(object.start_id);
      if (object.worker !== worker || incarnation === undefined) return undefined;
      if (session === undefined || startId === undefined) return undefined;
      return { version: 1, worker, incarnation, session, startId };
    },
  });
}

export function writePidRecord(runDirectory: string, record: PidRecord, options?: WriteOptions): void {
  const { worker, incarnation, session, startId } = record;
  const json = { version: 1, worker, ...incarnationJson(incarnation), session, start_id: startId };
  writeAtomically(pidRecordPath(runDirectory, worker), `${JSON.stringify(json)}\n`, options);
}
