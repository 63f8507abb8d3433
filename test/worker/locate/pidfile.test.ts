import { execFileSync } from "node:child_process";
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parsePidfile, readPidfile } from "../../../worker/locate/pidfile.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

test.each([
  ["123\n", 123],
  ["123", 123],
  ["  123  \n", 123],
  ["123\n/var/lib/postgresql\n5432\n", 123],
  ["", undefined],
  ["\n123\n", undefined],
  ["12 34\n", undefined],
  ["-5\n", undefined],
  ["0\n", undefined],
  ["1\n", undefined],
  ["0x7b\n", undefined],
  ["99999999999999999999\n", undefined],
  ["12\u0000\n", undefined],
])("the pidfile %j names %j", (text, pid) => {
  expect(parsePidfile(text)).toBe(pid);
});

test("a pidfile that is a link, a FIFO or a novel is refused; none is absent", () => {
  const directory = temporaryDirectory();
  const path = (name: string) => join(directory, name);
  writeFileSync(path("good"), "123\n");
  symlinkSync(path("good"), path("link"));
  execFileSync("mkfifo", [path("fifo")]);
  writeFileSync(path("novel"), `123\n${"x".repeat(5000)}`);
  expect(readPidfile(path("good"))).toEqual({ kind: "ok", value: 123 });
  expect(readPidfile(path("link"))).toMatchObject({ kind: "refused" });
  expect(readPidfile(path("fifo"))).toMatchObject({ kind: "refused" });
  expect(readPidfile(path("novel"))).toMatchObject({ kind: "refused" });
  expect(readPidfile(path("none"))).toEqual({ kind: "absent" });
});
