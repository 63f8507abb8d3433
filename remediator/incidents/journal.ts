// The journal: JSON Lines, each `{"seq":…,"at":…,"mono":…,"boot":…,"entry":{…},"crc":"…"}`, appended before what it announces.
// A torn tail (a crash in the middle of a write) is cut; a corrupt middle is reported and the rest kept.
// docs/journal.md describes the format for people and scripts.
import { closeSync, fdatasync, fdatasyncSync, fstatSync, ftruncateSync, linkSync, mkdirSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Stamp } from "./clock.ts";
import { decodeJournal, encodeRecord, type JournalContents } from "./journal-codec.ts";
import type { Entry, JournalRecord } from "./journal-entry.ts";
import { hasRoom, isAt, openAppending, readOpened, readWhole, replaceFile } from "./journal-file.ts";

export const JOURNAL_FILE = "journal.jsonl";

/** Some ten thousand records. */
const COMPACT_BYTES = 4 * 1024 * 1024;
/** Rewritten at least so often, so that what is too old goes. */
const COMPACT_SECONDS = 86_400;

export class JournalError extends Error {
  readonly code = "journal_unwritable";
}

/** Reads a journal without opening it for writing, as `pitcrew history` does when the remediator is down. */
export function readJournal(stateDirectory: string): JournalContents {
  return decodeJournal(readWhole(join(stateDirectory, JOURNAL_FILE)));
}

/** What a disk says that takes nothing for now; whatever else is wrong is for people to put right before pitcrew begins. */
const PASSING: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT", "EROFS", "EIO"]);

export class Journal {
  readonly #path: string;
  readonly #bootId: string;
  /** Undefined: the disk has not let us open it for writing yet. */
  #fd: number | undefined;
  #seq: number;
  #size: number;
  /** Compacted when it grows beyond this. */
  #compactAbove = COMPACT_BYTES;
  #compactedAt: Stamp | undefined;
  /** Nothing has been written since. */
  #seqCompacted = 0;
  #syncing = false;
  #syncAgain = false;
  #closed = false;

  private constructor(path: string, fd: number | undefined, bootId: string, seq: number, size: number) {
    this.#path = path;
    this.#fd = fd;
    this.#bootId = bootId;
    this.#seq = seq;
    this.#size = size;
  }

  /**
   * A disk that is full or read-only is no reason to leave a machine unprotected: the journal is then read, and written as soon as the disk
   * lets us.
   * @throws JournalError naming the folder when it cannot be used
   */
  static open(stateDirectory: string, bootId: string): { journal: Journal; contents: JournalContents } {
    const path = join(stateDirectory, JOURNAL_FILE);
    try {
      mkdirSync(stateDirectory, { recursive: true, mode: 0o750 });
      const contents = readJournal(stateDirectory);
      const last = contents.records.at(-1)?.seq ?? 0;
      const journal = new Journal(path, undefined, bootId, last, contents.goodBytes);
      try {
        journal.#descriptor();
      } catch (cause) {
        if (!PASSING.has(codeOf(cause))) throw cause;
      }
      return { journal, contents };
    } catch (cause) {
      throw new JournalError(
        `the journal ${path} cannot be opened (${codeOf(cause)}): ${remedyFor(codeOf(cause))}, or set state_directory in pitcrew.yml`,
        { cause },
      );
    }
  }

  /**
   * Writes the entries and returns when they have left this process; they survive our own death from here on.
   * @param durable wait for the disk too, so that they survive the machine's; otherwise it is synced behind.
   * @throws JournalError when the disk is full or read-only; nothing of the batch is kept then.
   */
  append(entries: readonly Entry[], at: Stamp, durable: boolean): JournalRecord[] {
    // The descriptor's number may be another file's by now.
    if (this.#closed) throw new JournalError("the journal is closed");
    const records = entries.map((entry, offset) => ({ seq: this.#seq + 1 + offset, at, bootId: this.#bootId, entry }));
    const bytes = Buffer.from(records.map(encodeRecord).join(""), "utf8");
    try {
      const fd = this.#descriptor();
      for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written);
      if (durable) fdatasyncSync(fd);
    } catch (cause) {
      this.#cutBack();
      throw unwritable(cause);
    }
    this.#seq += records.length;
    this.#size += bytes.length;
    if (!durable) this.#syncBehind();
    return records;
  }

  /** Asks the disk whether it would take a record, without writing one. @throws JournalError */
  probe(): void {
    if (this.#closed) return;
    try {
      this.#descriptor();
      hasRoom(this.#path);
    } catch (cause) {
      throw unwritable(cause);
    }
  }

  /** Its name was taken away under it, or given to another file: what is written now nobody would find. */
  get isLost(): boolean {
    return !this.#closed && this.#fd !== undefined && !isAt(this.#fd, this.#path);
  }

  /** It is worth the time to rewrite it. The day of the first one begins with the first question. */
  wantsCompaction(retention: { maxBytes: number }, now: Stamp): boolean {
    this.#compactedAt ??= now;
    if (this.#syncing) return false;
    const isDue = now.mono - this.#compactedAt.mono > COMPACT_SECONDS && this.#seq > this.#seqCompacted;
    return isDue || this.#size > Math.min(this.#compactAbove, retention.maxBytes * 0.9);
  }

  /**
   * Rewrites the journal with what `select` keeps of it: a new file, synced, takes the old one's name. Whatever fails, the old one stays.
   * @throws JournalError
   */
  compact(select: (records: readonly JournalRecord[]) => readonly JournalRecord[], now: Stamp): void {
    if (this.#syncing || this.#closed) return;
    this.#compactedAt = now;
    try {
      const old = this.#descriptor();
      const { records, problems } = decodeJournal(readOpened(old));
      // Damage may be somebody's evidence: the file that holds it stays beside the new one.
      if (problems.length > 0 && !this.isLost) linkSync(this.#path, `${this.#path}.damaged-${this.#seq}`);
      const kept = select(records);
      const bytes = Buffer.from(kept.map(encodeRecord).join(""), "utf8");
      const appending = replaceFile(this.#path, bytes);
      closeSync(old);
      this.#fd = appending;
      this.#seq = kept.at(-1)?.seq ?? this.#seq;
      this.#seqCompacted = this.#seq;
      this.#size = bytes.length;
      // What must be kept may itself be large: rewriting it again and again would gain nothing.
      this.#compactAbove = Math.max(COMPACT_BYTES, 2 * bytes.length);
    } catch (cause) {
      this.#compactAbove = 2 * this.#size;
      throw new JournalError(`the journal cannot be compacted (${codeOf(cause)})`, { cause });
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.#syncing && this.#fd !== undefined) closeSync(this.#fd);
  }

  #descriptor(): number {
    if (this.#fd !== undefined) return this.#fd;
    const fd = openAppending(this.#path);
    // Only a tail is cut: damage before a good record stays in place, it may be somebody's evidence.
    if (fstatSync(fd).size > this.#size) ftruncateSync(fd, this.#size);
    this.#fd = fd;
    return fd;
  }

  /** A half-written batch would be a damaged record in the middle once the next one is appended. */
  #cutBack(): void {
    if (this.#fd === undefined) return;
    try {
      ftruncateSync(this.#fd, this.#size);
    } catch {
      // A read-only disk cannot be cut either; the reader passes over what is torn.
    }
  }

  #syncBehind(): void {
    if (this.#fd === undefined) return;
    if (this.#syncing) {
      this.#syncAgain = true;
      return;
    }
    const fd = this.#fd;
    this.#syncing = true;
    this.#syncAgain = false;
    fdatasync(fd, () => {
      this.#syncing = false;
      if (this.#closed) closeSync(fd);
      else if (this.#syncAgain) this.#syncBehind();
    });
  }
}

function remedyFor(code: string): string {
  switch (code) {
    case "EISDIR":
      return "it is a folder; move it away";
    case "ELOOP":
      return "it is a link; put the file in its place";
    case "EACCES":
    case "EPERM":
      return "give it to the user that pitcrew runs as";
    default:
      return "the state directory must be a folder that this user may write";
  }
}

function unwritable(cause: unknown): JournalError {
  return new JournalError(`the journal cannot be written (${codeOf(cause)})`, { cause });
}

function codeOf(cause: unknown): string {
  return (cause as NodeJS.ErrnoException).code ?? String(cause);
}
