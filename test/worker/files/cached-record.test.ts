import { rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CachedRecord } from "../../../worker/files/cached-record.ts";
import { readRegularFile } from "../../../worker/files/read-strictly.ts";
import { writeAtomically } from "../../../worker/files/write-atomically.ts";
import { eventually } from "../../support/eventually.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

function countedRecord(path: string): { record: CachedRecord<string>; reads: () => number } {
  let reads = 0;
  const record = new CachedRecord(path, () => {
    reads++;
    return readRegularFile(path);
  });
  return { record, reads: () => reads };
}

test("a file that has not changed for a while is read once", async () => {
  const path = join(temporaryDirectory(), "record");
  writeFileSync(path, "a");
  const { record, reads } = countedRecord(path);
  await eventually(
    () => {
      const before = reads();
      expect(record.get()).toEqual({ kind: "ok", value: "a" });
      return reads() === before;
    },
    { what: "the record to be served from memory" },
  );
});

test("a change is seen at once, one that follows another within a tick of the clock included", () => {
  const path = join(temporaryDirectory(), "record");
  const { record } = countedRecord(path);
  expect(record.get()).toEqual({ kind: "absent" });
  for (let i = 0; i < 200; i++) {
    writeAtomically(path, `value ${i % 10}`);
    expect(record.get()).toEqual({ kind: "ok", value: `value ${i % 10}` });
  }
  rmSync(path);
  expect(record.get()).toEqual({ kind: "absent" });
});

test("a change that hides behind an old date is seen, too", () => {
  const path = join(temporaryDirectory(), "record");
  writeFileSync(path, "a");
  utimesSync(path, 1000, 1000);
  const { record } = countedRecord(path);
  expect(record.get()).toEqual({ kind: "ok", value: "a" });
  writeFileSync(path, "b");
  utimesSync(path, 1000, 1000);
  expect(record.get()).toEqual({ kind: "ok", value: "b" });
});
