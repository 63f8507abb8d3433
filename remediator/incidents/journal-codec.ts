// A journal's text and its records: one line each, with a checksum.
import { crc32 } from "node:zlib";
import type { Entry, JournalRecord } from "./journal-entry.ts";

export interface JournalContents {
  records: readonly JournalRecord[];
  /** `line: why`, for every record that was passed over. */
  problems: readonly string[];
  /** Bytes up to the end of the last good record. */
  goodBytes: number;
}

interface Line {
  seq: number;
  at: number;
  mono: number;
  boot: string;
  entry: Entry;
}

const CRC_FIELD = /,"crc":"([0-9a-f]{8})"}$/;

export function encodeRecord(record: JournalRecord): string {
  const line: Line = {
    seq: record.seq,
    at: record.at.wall,
    mono: record.at.mono,
    boot: record.bootId,
    entry: record.entry,
  };
  const body = JSON.stringify(line);
  return `${body.slice(0, -1)},"crc":"${checksum(body)}"}\n`;
}

/** @returns undefined when the line is torn, altered or not ours. */
export function decodeRecord(text: string): JournalRecord | undefined {
  const found = CRC_FIELD.exec(text);
  if (found === null) return undefined;
  const body = `${text.slice(0, found.index)}}`;
  if (checksum(body) !== found[1]) return undefined;
  const line = parseLine(body);
  return line && { seq: line.seq, at: { wall: line.at, mono: line.mono }, bootId: line.boot, entry: line.entry };
}

function parseLine(body: string): Line | undefined {
  try {
    return JSON.parse(body) as Line;
  } catch {
    return undefined;
  }
}

export function decodeJournal(text: Buffer): JournalContents {
  const records: JournalRecord[] = [];
  const problems: string[] = [];
  let goodBytes = 0;
  let start = 0;
  for (let line = 1; start < text.length; line += 1) {
    const newline = text.indexOf(0x0a, start);
    const end = newline === -1 ? text.length : newline;
    const record = newline === -1 ? undefined : decodeRecord(text.toString("utf8", start, end));
    if (record === undefined) {
      problems.push(`line ${line}: ${newline === -1 ? "cut short" : "damaged"}`);
    } else {
      records.push(record);
      goodBytes = end + 1;
    }
    start = end + 1;
  }
  return { records, problems, goodBytes };
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, "0");
}
