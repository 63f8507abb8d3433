import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { JOURNAL_FILE, Journal, JournalError, readJournal } from "../../../remediator/incidents/journal.ts";
import type { Entry } from "../../../remediator/incidents/journal-entry.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { BOOT, NOW } from "./builders.ts";

function clear(by: string): Entry {
  return { type: "clear", worker: "w", by };
}

function makers(directory: string): string[] {
  return readJournal(directory).records.map(({ entry }) => (entry.type === "clear" ? entry.by : entry.type));
}

describe("a journal's file", () => {
  test("that is taken away under it is written anew, with everything in it", () => {
    const directory = temporaryDirectory();
    const { journal } = Journal.open(directory, BOOT);
    journal.append([clear("a")], NOW, true);
    expect(journal.isLost).toBe(false);
    renameSync(join(directory, JOURNAL_FILE), join(directory, "moved"));
    expect(journal.isLost).toBe(true);
    journal.append([clear("b")], NOW, true);
    journal.compact((records) => records, NOW);
    expect(journal.isLost).toBe(false);
    journal.append([clear("c")], NOW, true);
    journal.close();
    expect(makers(directory)).toEqual(["a", "b", "c"]);
  });

  test("that cannot be rewritten stays as it is, and leaves nothing half-made beside it", () => {
    const directory = temporaryDirectory();
    const { journal } = Journal.open(directory, BOOT);
    journal.append([clear("a")], NOW, true);
    // A folder in the new file's place: it can be neither removed as a file nor made.
    mkdirSync(join(directory, `${JOURNAL_FILE}.new`));
    expect(() => journal.compact((records) => records, NOW)).toThrow(JournalError);
    journal.append([clear("b")], NOW, true);
    journal.close();
    expect(makers(directory)).toEqual(["a", "b"]);
  });

  test("is neither a link nor a pipe that somebody has put there", () => {
    for (const place of ["link", "pipe"]) {
      const directory = temporaryDirectory();
      const path = join(directory, JOURNAL_FILE);
      writeFileSync(join(directory, "elsewhere"), "");
      if (place === "link") symlinkSync(join(directory, "elsewhere"), path);
      else execFileSync("mkfifo", [path]);
      expect(() => Journal.open(directory, BOOT)).toThrow(JournalError);
    }
  });
});
