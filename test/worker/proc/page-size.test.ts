import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { pageSizeBytes, parseAuxvPageSize } from "../../../worker/proc/page-size.ts";

test("the page size is the one that getconf tells", () => {
  expect(pageSizeBytes()).toBe(Number(execFileSync("getconf", ["PAGESIZE"], { encoding: "utf8" })));
});

test("a vector of a big-endian machine with 64 KiB pages is understood", () => {
  const auxv = Buffer.alloc(32);
  auxv.writeBigUInt64BE(6n, 16);
  auxv.writeBigUInt64BE(65_536n, 24);
  auxv.writeBigUInt64BE(99n, 0);
  expect(parseAuxvPageSize(auxv, 8, false)).toBe(65_536);
});

test("a vector of a 32-bit machine is understood", () => {
  const auxv = Buffer.alloc(16);
  auxv.writeUInt32LE(6, 8);
  auxv.writeUInt32LE(4096, 12);
  auxv.writeUInt32LE(3, 0);
  expect(parseAuxvPageSize(auxv, 4, true)).toBe(4096);
});

test("a vector cut short, without the entry, or with an odd size gives nothing", () => {
  expect(parseAuxvPageSize(Buffer.alloc(0), 8, true)).toBeUndefined();
  expect(parseAuxvPageSize(Buffer.alloc(23), 8, true)).toBeUndefined();
  const odd = Buffer.alloc(16);
  odd.writeBigUInt64LE(6n, 0);
  odd.writeBigUInt64LE(5000n, 8);
  expect(parseAuxvPageSize(odd, 8, true)).toBeUndefined();
});
