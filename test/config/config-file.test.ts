import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadConfig } from "../../config/load.ts";
import { ConfigError } from "../../config/problem.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { problemsIn, written } from "./written-config.ts";

describe("the file itself", () => {
  const GOOD = "workers: [{name: a, command: [a], user: nobody}]\n";

  test("as root, a file that others may write is refused, with the command that repairs it", () => {
    const byGroup = written(GOOD, 0o664).file;
    expect(problemsIn(() => loadConfig(byGroup, { isRoot: true }))).toEqual([
      `${byGroup}:1:1: (file): can be written by its group, and pitcrew runs as root: chmod go-w ${byGroup}`,
    ]);
    const byAll = written(GOOD, 0o646).file;
    expect(problemsIn(() => loadConfig(byAll, { isRoot: true }))).toEqual([
      `${byAll}:1:1: (file): can be written by everybody, and pitcrew runs as root: chmod go-w ${byAll}`,
    ]);
    expect(problemsIn(() => loadConfig(byAll, { isRoot: false }))).toEqual([]);
    expect(problemsIn(() => loadConfig(written(GOOD, 0o644).file, { isRoot: true }))).toEqual([]);
  });

  test("its permissions are reported together with its other problems", () => {
    const { file } = written("workers: []\n", 0o666);
    expect(problemsIn(() => loadConfig(file, { isRoot: true }))).toHaveLength(2);
  });

  test("a file that does not exist says how to get one", () => {
    const file = join(temporaryDirectory(), "pitcrew.yml");
    expect(problemsIn(() => loadConfig(file))).toEqual([
      `${file}:1:1: (file): does not exist: write it with pitcrew init --match REGEX, or name another with --config.file`,
    ]);
    expect(() => loadConfig(file)).toThrow(expect.objectContaining({ code: "not_found" }));
  });

  test("what is no regular file is refused without waiting for it", () => {
    const folder = temporaryDirectory();
    mkdirSync(join(folder, "dir"));
    execFileSync("mkfifo", [join(folder, "fifo")]);
    for (const name of ["dir", "fifo"]) {
      const file = join(folder, name);
      expect(() => loadConfig(file)).toThrow(expect.objectContaining({ code: "unreadable" }));
    }
  });

  test("a file of more than 1 MiB is refused unread", () => {
    const { file } = written(`${GOOD}${"#".repeat(1024 * 1024)}\n`);
    expect(problemsIn(() => loadConfig(file, { isRoot: false }))).toEqual([
      `${file}:1:1: (file): is larger than 1 MiB: name another file`,
    ]);
  });

  test("nesting that exhausts the parser is a problem of the file, not a crash", () => {
    const { file } = written(`workers: ${"[".repeat(100_000)}\n`);
    expect(() => loadConfig(file, { isRoot: false })).toThrow(ConfigError);
  });

  test("lines end as they like, and a byte order mark is no problem", () => {
    const { file } = written("");
    writeFileSync(file, "\uFEFFworkers:\r\n  - name: a\r\n    command: [a]\r\n    colour: red\r\n");
    expect(problemsIn(() => loadConfig(file, { isRoot: false }))).toEqual([
      expect.stringContaining(`${file}:4:5: workers[0].colour: unknown key`),
    ]);
  });
});
