// What the checks between keys are given: the file as far as it could be read, and where pitcrew runs.
import type { ConfigFile } from "../schema/file.ts";
import type { Draft } from "../schema/inspect.ts";
import type { WorkerEntry } from "../schema/worker.ts";
import type { Found } from "../source/found.ts";
import type { Path } from "../source/source-document.ts";

export interface CheckContext {
  /** As it was named on the command line. */
  file: string;
  isRoot: boolean;
  isWritten(path: Path): boolean;
  lineOf(path: Path): number;
}

export type Check = (draft: Draft<ConfigFile>, context: CheckContext) => Iterable<Found>;

/** A worker's entry with the keys of every manager: those that it does not have are undefined. */
export type DraftEntry = { readonly [Key in KeyOf<WorkerEntry>]?: Draft<ValueOf<WorkerEntry, Key>> | undefined };
type KeyOf<Entry> = Entry extends unknown ? keyof Entry : never;
type ValueOf<Entry, Key> = Entry extends unknown ? (Key extends keyof Entry ? Entry[Key] : never) : never;

/** The entries that are mappings, each with its place in the file. */
export function* entries(draft: Draft<ConfigFile>): Generator<{ entry: DraftEntry; path: Path }> {
  for (const [index, entry] of (draft.workers ?? []).entries()) {
    if (entry !== undefined) yield { entry, path: ["workers", index] };
  }
}
