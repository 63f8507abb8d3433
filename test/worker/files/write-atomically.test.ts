import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { writeAtomically } from "../../../worker/files/write-atomically.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

describe("an atomic write", () => {
  test("replaces the file, leaves nothing beside it, and gives it the mode whatever the umask", () => {
    const directory = temporaryDirectory();
    const path = join(directory, "record");
    const umask = process.umask(0o077);
    try {
      writeAtomically(path, "old");
      writeAtomically(path, "new", { mode: 0o664, fsync: true });
    } finally {
      process.umask(umask);
    }
    expect(readFileSync(path, "utf8")).toBe("new");
    expect(statSync(path).mode & 0o777).toBe(0o664);
    expect(readdirSync(directory)).toEqual(["record"]);
  });

  test("is readable by everyone unless told otherwise", () => {
    const path = join(temporaryDirectory(), "record");
    writeAtomically(path, "x");
    expect(statSync(path).mode & 0o777).toBe(0o644);
  });

  test("replaces a symbolic link instead of writing through it", () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, "victim"), "untouched");
    symlinkSync(join(directory, "victim"), join(directory, "record"));
    writeAtomically(join(directory, "record"), "new");
    expect(readFileSync(join(directory, "victim"), "utf8")).toBe("untouched");
    expect(readFileSync(join(directory, "record"), "utf8")).toBe("new");
  });

  test("that fails throws and leaves nothing behind", () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, "record", "full"), { recursive: true });
    expect(() => writeAtomically(join(directory, "record"), "x")).toThrow(/EISDIR|ENOTEMPTY|EEXIST/);
    expect(() => writeAtomically(join(directory, "missing", "record"), "x")).toThrow(/ENOENT/);
    expect(readdirSync(directory)).toEqual(["record"]);
  });
});
