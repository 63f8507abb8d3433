// <worker>.state: whether the worker is meant to run. Absent means up: a worker runs unless somebody said otherwise.
import { readStrictly, runDirectoryOwners, type StrictRead } from "./read-strictly.ts";
import { secondsField } from "./record-fields.ts";
import { stateRecordPath } from "./run-directory.ts";
import { type WriteOptions, writeAtomically } from "./write-atomically.ts";

export interface StateRecord {
  version: 1;
  worker: string;
  desired: "up" | "down";
  /** `finished`: it ended as its restart policy allows. `systemd`: its service manager was told to stop it. */
  reason: "operator" | "systemd" | "finished" | "none";
  /** Unix seconds. */
  atSeconds: number;
}

export function readStateRecord(runDirectory: string, worker: string): StrictRead<StateRecord> {
  return readStrictly(stateRecordPath(runDirectory, worker), {
    owners: runDirectoryOwners(runDirectory),
    parse: ({ worker: name, desired, reason, at }) => {
      const atSeconds = secondsField(at);
      if (name !== worker || (desired !== "up" && desired !== "down") || atSeconds === undefined) return undefined;
      if (reason !== "operator" && reason !== "systemd" && reason !== "finished" && reason !== "none") return undefined;
      return { version: 1, worker, desired, reason, atSeconds };
    },
  });
}

/** On the disk before it returns, unless told otherwise: a reboot must not start what an operator stopped. */
export function writeStateRecord(
  runDirectory: string,
  record: StateRecord,
  options: WriteOptions = { fsync: true },
): void {
  const { worker, desired, reason, atSeconds } = record;
  const json = { version: 1, worker, desired, reason, at: atSeconds };
  writeAtomically(stateRecordPath(runDirectory, worker), `${JSON.stringify(json)}\n`, options);
}
