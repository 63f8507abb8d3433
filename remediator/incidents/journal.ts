// The journal: JSON Lines, each `{"seq":…,"at":…,"mono":…,"boot":…,"entry":{…},"crc":"…"}`, appended before what it announces.
// A torn tail (a crash in the middle of a write) is cut; a corrupt middle is reported and the rest kept.
import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import type { Stamp } from "./clock.ts";
import type { Entry, JournalRecord } from "./journal-entry.ts";

export const JOURNAL_FILE = "journal.jsonl";

export class JournalError extends Error {
  readonly code = "journal_unwritable";
}

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

/** Reads a journal without opening it for writing, as `pitcrew history` does when the remediator is down. */
export function readJournal(stateDirectory: string): JournalContents {
  try {
    return decodeJournal(readFileSync(join(stateDirectory, JOURNAL_FILE)));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return { records: [], problems: [], goodBytes: 0 };
    throw cause;
  }
}

export class Journal {
  readonly #fd: number;
  readonly #bootId: string;
  #seq: number;
  #size: number;
  #syncing = false;
  #syncAgain = false;
  #closed = false;

  private constructor(fd: number, bootId: string, seq: number, size: number) {
    this.#fd = fd;
    this.#bootId = bootId;
    this.#seq = seq;
    this.#size = size;
  }

  /** @throws JournalError naming the folder when it cannot be written. */
  static open(stateDirectory: string, bootId: string): { journal: Journal; contents: JournalContents } {
    const path = join(stateDirectory, JOURNAL_FILE);
    try {
      mkdirSync(stateDirectory, { recursive: true, mode: 0o750 });
      const contents = readJournal(stateDirectory);
      const fd = openSync(path, "a", 0o640);
      // Only a tail is cut: damage before a good record stays in place, it may be somebody's evidence.
      if (fstatSync(fd).size > contents.goodBytes) ftruncateSync(fd, contents.goodBytes);
      const last = contents.records.at(-1)?.seq ?? 0;
      return { journal: new Journal(fd, bootId, last, contents.goodBytes), contents };
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      throw new JournalError(
        `the state directory ${stateDirectory} cannot be written (${code ?? String(cause)}): set state_directory in pitcrew.yml to a folder that this user may write`,
        { cause },
      );
    }
  }

  /**
   * Writes the entries and returns when they have left this process; they survive our own death from here on.
   * @param durable wait for the disk too, so that they survive the machine's.
   * @throws JournalError when the disk is full or read-only; nothing of the batch is kept then.
   */
  append(entries: readonly Entry[], at: Stamp, durable: boolean): JournalRecord[] {
    // The descriptor's number may be another file's by now.
    if (this.#closed) throw new JournalError("the journal is closed");
    const records = entries.map((entry, offset) => ({ seq: this.#seq + 1 + offset, at, bootId: this.#bootId, entry }));
    const bytes = Buffer.from(records.map(encodeRecord).join(""), "utf8");
    try {
      for (let written = 0; written < bytes.length; ) written += writeSync(this.#fd, bytes, written);
      if (durable) fdatasyncSync(this.#fd);
    } catch (cause) {
      this.#cutBack();
      throw new JournalError(`the journal cannot be written (${(cause as NodeJS.ErrnoException).code ?? "unknown"})`, {
        cause,
      });
    }
    this.#seq += records.length;
    this.#size += bytes.length;
    if (!durable) this.#syncBehind();
    return records;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.#syncing) closeSync(this.#fd);
  }

  /** A half-written batch would be a damaged record in the middle once the next one is appended. */
  #cutBack(): void {
    try {
      ftruncateSync(this.#fd, this.#size);
    } catch {
      // A read-only disk cannot be cut either; the reader passes over what is torn.
    }
  }

  #syncBehind(): void {
    if (this.#syncing) {
      this.#syncAgain = true;
      return;
    }
    this.#syncing = true;
    this.#syncAgain = false;
    fdatasync(this.#fd, () => {
      this.#syncing = false;
      if (this.#closed) closeSync(this.#fd);
      else if (this.#syncAgain) this.#syncBehind();
    });
  }
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, "0");
}
