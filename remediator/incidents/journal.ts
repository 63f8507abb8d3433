// The journal: JSON Lines, each `{"seq":…,"at":…,"mono":…,"boot":…,"entry":{…},"crc":"…"}`, appended before what it announces.
// A torn tail (a crash in the middle of a write) is cut; a corrupt middle is reported and the rest kept.
import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { Stamp } from "./clock.ts";
import { decodeJournal, encodeRecord, type JournalContents } from "./journal-codec.ts";
import type { Entry, JournalRecord } from "./journal-entry.ts";

export const JOURNAL_FILE = "journal.jsonl";

/** Some ten thousand records. */
const COMPACT_BYTES = 4 * 1024 * 1024;

export class JournalError extends Error {
  readonly code = "journal_unwritable";
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
  readonly #path: string;
  readonly #bootId: string;
  #fd: number;
  #seq: number;
  #size: number;
  /** Compacted when it grows beyond this. */
  #compactAbove = COMPACT_BYTES;
  #syncing = false;
  #syncAgain = false;
  #closed = false;

  private constructor(path: string, fd: number, bootId: string, seq: number, size: number) {
    this.#path = path;
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
      return { journal: new Journal(path, fd, bootId, last, contents.goodBytes), contents };
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

  /** It is worth the time to rewrite it. */
  get wantsCompaction(): boolean {
    return !this.#syncing && this.#size > this.#compactAbove;
  }

  /**
   * Rewrites the journal with what `select` keeps of it: a new file, synced, takes the old one's name. Whatever fails, the old one stays.
   * @throws JournalError
   */
  compact(select: (records: readonly JournalRecord[]) => readonly JournalRecord[]): void {
    const temporary = `${this.#path}.new`;
    try {
      const { records, problems } = decodeJournal(readFileSync(this.#path));
      // Damage may be somebody's evidence: the file that holds it stays beside the new one.
      if (problems.length > 0) linkSync(this.#path, `${this.#path}.damaged-${this.#seq}`);
      const kept = select(records);
      const bytes = Buffer.from(kept.map(encodeRecord).join(""), "utf8");
      const fd = openSync(temporary, "w", 0o640);
      for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written);
      fsyncSync(fd);
      closeSync(fd);
      renameSync(temporary, this.#path);
      syncDirectory(dirname(this.#path));
      const appending = openSync(this.#path, "a", 0o640);
      closeSync(this.#fd);
      this.#fd = appending;
      this.#seq = kept.at(-1)?.seq ?? this.#seq;
      this.#size = bytes.length;
      // What must be kept may itself be large: rewriting it again and again would gain nothing.
      this.#compactAbove = Math.max(COMPACT_BYTES, 2 * bytes.length);
    } catch (cause) {
      this.#compactAbove = 2 * this.#size;
      throw new JournalError(
        `the journal cannot be compacted (${(cause as NodeJS.ErrnoException).code ?? String(cause)})`,
        { cause },
      );
    }
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

/** A rename is on disk when its folder is. */
function syncDirectory(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
