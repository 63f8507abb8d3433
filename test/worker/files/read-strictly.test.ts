import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  renameSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readRegularFile, readStrictly, runDirectoryOwners } from "../../../worker/files/read-strictly.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const me = process.geteuid?.() ?? -1;
const anyObject = (object: Readonly<Record<string, unknown>>) => object;
const read = (path: string, owners?: readonly number[]) => readStrictly(path, { owners, parse: anyObject });

function fileWith(text: string): string {
  const path = join(temporaryDirectory(), "record");
  writeFileSync(path, text);
  return path;
}

describe("a record is read", () => {
  test("if it is a small regular file of an expected owner with a JSON object of version 1", () => {
    const path = fileWith('{"version":1,"a":2}');
    expect(read(path, [me])).toEqual({ kind: "ok", value: { version: 1, a: 2 } });
    expect(read(path)).toMatchObject({ kind: "ok" });
  });

  test("if it has 4 KiB exactly", () => {
    const text = '{"version":1}';
    expect(read(fileWith(text + " ".repeat(4096 - text.length)))).toMatchObject({ kind: "ok" });
  });

  test("and is absent if there is none", () => {
    expect(read(join(temporaryDirectory(), "record"))).toEqual({ kind: "absent" });
  });
});

describe("a record is refused", () => {
  test.each([
    ["empty", "", "not JSON"],
    ["cut short", '{"version":1,"pid":12', "not JSON"],
    ["of another version", '{"version":2}', "not version 1"],
    ["of version one in words", '{"version":"1"}', "not version 1"],
    ["without a version", "{}", "not version 1"],
    ["an array", "[1]", "not a JSON object"],
    ["null", "null", "not a JSON object"],
    ["binary", "\u0000\u0001\u0002", "not JSON"],
  ])("that is %s", (_, text, why) => {
    expect(read(fileWith(text))).toEqual({ kind: "refused", why });
  });

  test("that its parser does not take", () => {
    const refusing = readStrictly(fileWith('{"version":1}'), { parse: () => undefined });
    expect(refusing).toEqual({ kind: "refused", why: "a field is missing or malformed" });
  });

  test("that is larger than 4 KiB, by one byte or by a gigabyte", () => {
    const text = '{"version":1}';
    expect(read(fileWith(text + " ".repeat(4097 - text.length)))).toEqual({
      kind: "refused",
      why: "larger than 4096 bytes",
    });
    const sparse = fileWith(text);
    truncateSync(sparse, 2 ** 30);
    expect(read(sparse)).toEqual({ kind: "refused", why: "larger than 4096 bytes" });
  });

  test("that is a symbolic link, even to a good record, or to nothing", () => {
    const path = fileWith('{"version":1}');
    symlinkSync(path, `${path}-link`);
    symlinkSync("/nonexistent", `${path}-dangling`);
    expect(read(`${path}-link`)).toEqual({ kind: "refused", why: "a symbolic link" });
    expect(read(`${path}-dangling`)).toEqual({ kind: "refused", why: "a symbolic link" });
  });

  test("that is a FIFO, without waiting for a writer", () => {
    const path = join(temporaryDirectory(), "record");
    execFileSync("mkfifo", [path]);
    expect(read(path)).toEqual({ kind: "refused", why: "not a regular file" });
  });

  test("that is a directory, a device or a socket", async () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, "record"));
    expect(read(join(directory, "record"))).toEqual({ kind: "refused", why: "not a regular file" });
    expect(read("/dev/zero")).toEqual({ kind: "refused", why: "not a regular file" });
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(directory, "socket"), resolve));
    expect(read(join(directory, "socket"))).toMatchObject({ kind: "refused" });
    await new Promise((resolve) => server.close(resolve));
  });

  test("that somebody else owns, a hard link to whose file included", () => {
    const path = fileWith('{"version":1}');
    linkSync(path, `${path}-link`);
    expect(read(`${path}-link`, [me + 1])).toEqual({ kind: "refused", why: `owned by uid ${me}` });
  });

  test("that may not be opened", () => {
    // Root may open anything: for it a path through a file must do.
    const path = fileWith('{"version":1}');
    chmodSync(path, 0o000);
    expect(readRegularFile(me === 0 ? join(path, "x") : path)).toMatchObject({ kind: "refused" });
  });
});

test("what lies in a run directory may be root's or the directory's owner's", () => {
  expect(runDirectoryOwners(temporaryDirectory())).toEqual([0, me]);
  expect(runDirectoryOwners("/nonexistent")).toEqual([0]);
});

test("a file that is replaced by one that grows is read whole or refused, never in part", () => {
  const path = fileWith('{"version":1}');
  appendFileSync(path, " ".repeat(5000));
  writeFileSync(`${path}.new`, '{"version":1,"new":true}');
  expect(read(path)).toMatchObject({ kind: "refused" });
  renameSync(`${path}.new`, path);
  expect(read(path)).toMatchObject({ kind: "ok", value: { new: true } });
});
