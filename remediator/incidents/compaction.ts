// Which records of a journal are still worth keeping: the last word on everything, and a summary of what they add up to.
import type { Stamp } from "./clock.ts";
import { isOpen } from "./incident.ts";
import { encodeRecord } from "./journal-codec.ts";
import type { Entry, JournalRecord } from "./journal-entry.ts";
import { Ledger } from "./ledger.ts";
import { summaryOf } from "./summary.ts";

export interface Retention {
  /** Ended incidents and refusals older than this are forgotten. */
  maxAgeSeconds: number;
  /** The journal's file is kept below this: the oldest of them go first. */
  maxBytes: number;
}

/**
 * Records that fold to the same ledger, in their order, with a summary at the end. A property test holds the two folds against each other.
 * @param bootId of the present boot, whose stamps are on the present clock
 */
export function compacted(
  records: readonly JournalRecord[],
  bootId: string,
  now: Stamp,
  retention: Retention,
): JournalRecord[] {
  const ledger = Ledger.fold(records, bootId, now);
  const last = new Map<string, number>();
  records.forEach((record, index) => {
    last.set(subjectOf(record, index), index);
  });
  const kept = records.filter(
    (record, index) =>
      last.get(subjectOf(record, index)) === index &&
      isWorthKeeping(record, ledger, now.wall - retention.maxAgeSeconds),
  );
  const seq = records.at(-1)?.seq ?? 0;
  // Also those that only a former summary speaks of.
  const entry: Entry = { type: "summary", summary: summaryOf(ledger, ledger.workerNames()) };
  const summary = { seq: seq + 1, at: now, bootId, entry };
  // Half of the room is for what comes until the next time.
  return [...newest(kept, ledger, retention.maxBytes / 2 - encodeRecord(summary).length), summary];
}

/** All that state depends on, and of what is only history as much of the newest as fits. */
function newest(kept: readonly JournalRecord[], ledger: Ledger, bytes: number): readonly JournalRecord[] {
  const sizes = kept.map((record) => Buffer.byteLength(encodeRecord(record)));
  let over = sizes.reduce((sum, size) => sum + size, 0) - bytes;
  return kept.filter((record, index) => {
    if (over <= 0 || !isHistory(record.entry, ledger)) return true;
    over -= sizes[index] ?? 0;
    return false;
  });
}

function isHistory(entry: Entry, ledger: Ledger): boolean {
  if (entry.type === "refused" || entry.type === "order") return true;
  if (entry.type !== "incident") return false;
  const known = ledger.incidents.get(entry.incident.id);
  return known === undefined || !isOpen(known);
}

/** Records of one subject supersede each other. */
function subjectOf({ entry }: JournalRecord, index: number): string {
  switch (entry.type) {
    case "incident":
      return `incident ${entry.incident.id}`;
    case "seen":
    case "released":
      return `process ${entry.worker}`;
    case "quarantine":
    case "clear":
      return `quarantine ${entry.worker}`;
    case "exit":
    case "desired":
      return `${entry.type} ${entry.worker}`;
    case "pause":
      return `pause ${entry.pause.id}`;
    case "resume":
      return `pause ${entry.id}`;
    case "daemon":
    case "gap":
    case "summary":
      return entry.type;
    case "refused":
    case "order":
    case "start":
      return `${entry.type} ${index}`;
  }
}

function isWorthKeeping({ entry, at: written }: JournalRecord, ledger: Ledger, sinceWall: number): boolean {
  switch (entry.type) {
    case "incident": {
      const known = ledger.incidents.get(entry.incident.id);
      return known !== undefined && (isOpen(known) || known.changedAt.wall > sinceWall);
    }
    case "refused":
      return ledger.refusals.some(
        ({ at, reason, worker }) => reason === entry.reason && worker === entry.worker && at.wall > sinceWall,
      );
    case "order":
      return written.wall > sinceWall;
    case "start":
      return ledger.renewals.some(({ incident, worker }) => incident === entry.incident && worker === entry.worker);
    case "resume":
    case "summary":
      return false;
    case "daemon":
    case "gap":
    case "seen":
    case "released":
    case "exit":
    case "desired":
    case "pause":
    case "quarantine":
    case "clear":
      return true;
  }
}
