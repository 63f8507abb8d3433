import { readFileSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseUptime } from "../../../worker/boot.ts";
import { groupDirectories, parseCgroups } from "../../../worker/proc/cgroup.ts";
import { parseMemoryLimit, parseMemoryStat } from "../../../worker/proc/cgroup-memory.ts";
import { parseCmdline } from "../../../worker/proc/cmdline.ts";
import { kibibytesLine, parseCount } from "../../../worker/proc/counts.ts";
import { parseStatm } from "../../../worker/proc/figures.ts";
import { parseMeminfo } from "../../../worker/proc/meminfo.ts";
import { parseSmapsRollup } from "../../../worker/proc/smaps-rollup.ts";
import { parseStatus } from "../../../worker/proc/status.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

describe("numbers", () => {
  test.each([
    ["0", 0],
    ["9007199254740991", Number.MAX_SAFE_INTEGER],
    ["9007199254740992", undefined],
    ["18446744073709551615", undefined],
    ["-1", undefined],
    ["1e3", undefined],
    ["0x10", undefined],
    [" 1", undefined],
    ["", undefined],
    ["१२", undefined],
    [undefined, undefined],
  ])("%j is %j", (text, value) => {
    expect(parseCount(text)).toBe(value);
  });

  test.each([
    ["a first line", "Pss:\t12 kB\n", 12 * 1024],
    ["a later line", "Rss: 9 kB\nPss:     12 kB\n", 12 * 1024],
    ["a last line without its newline, whole by its unit", "Pss: 12 kB", 12 * 1024],
    ["a line cut in its unit", "Pss: 12 k", undefined],
    ["a line cut in its number", "Pss: 1", undefined],
    ["another line that ends in the name", "SwapPss: 5 kB\nXPss: 4 kB\n", undefined],
    ["more than 2^53 bytes", "Pss: 9007199254740991 kB\n", undefined],
    ["no line", "", undefined],
  ])("kilobytes from %s", (_, text, bytes) => {
    expect(kibibytesLine(text, "Pss")).toBe(bytes);
  });
});

describe("small files of a process", () => {
  test("statm gives resident pages, and nothing when cut inside of them", () => {
    expect(parseStatm("765 382 330 5 0 45 0\n")).toEqual({ residentPages: 382, sharedPages: 330 });
    expect(parseStatm("765 382")).toBeUndefined();
    expect(parseStatm("765 -3 1")).toBeUndefined();
    expect(parseStatm(" 382 330")).toBeUndefined();
    expect(parseStatm(readFileSync("/proc/self/statm", "utf8"))?.residentPages).toBeGreaterThan(100);
  });

  test("status gives the effective user, whatever the name claims", () => {
    expect(parseStatus("Name:\tUid:\\t9\nState:\tS\nUid:\t1000\t1001\t1002\t1003\nGid:\t1\n")).toEqual({
      effectiveUid: 1001,
    });
    expect(parseStatus("Uid:\t1000\t1001\t1002\t10")).toBeUndefined();
    expect(parseStatus("")).toBeUndefined();
    expect(parseStatus(readFileSync("/proc/self/status", "utf8"))).toEqual({ effectiveUid: process.geteuid?.() });
  });

  test("smaps_rollup gives proportional memory; that of a zombie gives nothing", () => {
    const pss = parseSmapsRollup(readFileSync("/proc/self/smaps_rollup", "utf8"))?.pssBytes;
    expect(pss).toBeGreaterThan(1024 * 1024);
    expect(parseSmapsRollup("")).toBeUndefined();
    expect(parseSmapsRollup("Pss_Anon: 4 kB\nPss_File: 4 kB\n")).toBeUndefined();
  });

  test.each([
    ["arguments", "python3\0train.py\0--x=1\0", ["python3", "train.py", "--x=1"]],
    ["an empty argument in the middle", "a\0\0b\0", ["a", "", "b"]],
    ["a title padded with zeros", "nginx: worker\0\0\0\0", ["nginx: worker"]],
    ["a title without an end", "postgres: writer", ["postgres: writer"]],
    ["newlines", "sh\0-c\0a\nb\0", ["sh", "-c", "a\nb"]],
    ["a kernel thread", "", []],
  ])("a command line of %s", (_, text, args) => {
    expect(parseCmdline(text)).toEqual(args);
  });
});

describe("control groups", () => {
  test.each([
    ["v2", "0::/a.slice/b.service\n", "/a.slice/b.service", "/a.slice/b.service"],
    ["v1", "5:memory:/x\n1:name=systemd:/a:b\\x2dc.service\n", "/memory/x", "/systemd/a:b\\x2dc.service"],
    ["hybrid", "1:name=systemd:/a.service\n0::/b\n", "/unified/b", "/systemd/a.service"],
    ["a line cut short", "0::/system.slice/encoder", undefined, undefined],
    ["nonsense", "::::\n0:/x\nfoo\n", undefined, undefined],
  ])("of %s have their directories", (kind, text, memory, systemd) => {
    const cgroupRoot = temporaryDirectory();
    if (kind === "v2") writeFileSync(`${cgroupRoot}/cgroup.controllers`, "memory\n");
    const at = (path: string | undefined) => path && `${cgroupRoot}${path}`;
    expect(groupDirectories(parseCgroups(text), cgroupRoot)).toEqual({ memory: at(memory), systemd: at(systemd) });
  });

  test("controllers that share a line share a path", () => {
    expect(parseCgroups("4:cpu,memory:/a:b\n").controllers).toEqual(
      new Map([
        ["cpu", "/a:b"],
        ["memory", "/a:b"],
      ]),
    );
  });

  test("memory.stat of v2 and of v1 give the same figures", () => {
    const figures = { heldBytes: 110, fileCacheBytes: 30 };
    expect(parseMemoryStat("anon 100\nfile 50\nshmem 10\ninactive_file 20\nactive_file 10\n")).toEqual(figures);
    const v1 =
      "rss 1\nshmem 1\ninactive_file 1\ntotal_rss 100\ntotal_shmem 10\ntotal_inactive_file 20\ntotal_active_file 10\n";
    expect(parseMemoryStat(v1)).toEqual(figures);
  });

  test("a figure that memory.stat lacks, or has only half of, is absent", () => {
    expect(parseMemoryStat("anon 100\n")).toEqual({ heldBytes: undefined, fileCacheBytes: undefined });
    expect(parseMemoryStat("anon 100\nshmem 1").heldBytes).toBeUndefined();
    expect(parseMemoryStat("anon -5\nshmem 18446744073709551615\n").heldBytes).toBeUndefined();
  });

  test.each([
    ["max\n", "unlimited"],
    ["9223372036854771712\n", "unlimited"],
    ["1073741824\n", 1073741824],
    ["0\n", 0],
    ["", undefined],
    ["lots", undefined],
    ["-1", undefined],
  ])("the limit %j is %j", (text, limit) => {
    expect(parseMemoryLimit(text)).toBe(limit);
  });
});

describe("files of the system", () => {
  test("meminfo without MemAvailable has a total only", () => {
    expect(parseMeminfo("MemTotal:  100 kB\nMemFree: 50 kB\n")).toEqual({
      totalBytes: 102_400,
      availableBytes: undefined,
    });
  });

  test("uptime cut short is no uptime", () => {
    expect(parseUptime("12345.67 23456.78\n")).toBe(12345.67);
    expect(parseUptime("12345.6")).toBeUndefined();
    expect(parseUptime("12345.67")).toBeUndefined();
  });
});

const PARSERS: Readonly<Record<string, (text: string) => unknown>> = {
  parseStatm,
  parseStatus,
  parseSmapsRollup,
  parseMeminfo,
  parseCmdline,
  parseCgroups,
  parseMemoryStat,
  parseMemoryLimit,
  parseUptime,
};

describe.each(Object.entries(PARSERS))("%s", (_, parse) => {
  test("throws on no text", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => void parse(text)));
    const words = fc.array(
      fc.constantFrom("Pss:", "Uid:\t", "anon ", " kB", "\n", "\0", "0::/", "12", "99999999999999999999", " "),
    );
    fc.assert(fc.property(words, (parts) => void parse(parts.join(""))));
  });
});

describe("a kernel text cut short", () => {
  const whole = fc.nat({ max: 2 ** 40 });
  test.each<[string, (value: number) => string, (text: string) => number | undefined]>([
    ["statm", (n) => `9 ${n} 3 4 0 5 0\n`, (text) => parseStatm(text)?.residentPages],
    [
      "smaps_rollup",
      (n) => `a-b ---p [rollup]\nRss: 1 kB\nPss:      ${n} kB\nPss_Anon: 3 kB\n`,
      (text) => bytesToKib(parseSmapsRollup(text)?.pssBytes),
    ],
    [
      "meminfo",
      (n) => `MemTotal: 1 kB\nMemAvailable:   ${n} kB\nBuffers: 2 kB\n`,
      (text) => bytesToKib(parseMeminfo(text).availableBytes),
    ],
    ["memory.stat", (n) => `anon ${n}\nshmem 0\n`, (text) => parseMemoryStat(text).heldBytes],
    ["status", (n) => `Name:\tx\nUid:\t1\t${n}\t1\t1\nGid:\t1\n`, (text) => parseStatus(text)?.effectiveUid],
  ])("of %s gives nothing or the true number", (_, print, parse) => {
    fc.assert(
      fc.property(whole, fc.nat(), (value, cut) => {
        const text = print(value);
        expect(parse(text)).toBe(value);
        expect([undefined, value]).toContain(parse(text.slice(0, cut % text.length)));
      }),
    );
  });
});

function bytesToKib(bytes: number | undefined): number | undefined {
  return bytes === undefined ? undefined : bytes / 1024;
}
