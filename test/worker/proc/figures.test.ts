// What is read at every look, from the bytes as the kernel prints them: every text is tried, whole, cut short, and hostile.
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseProcessList } from "../../../worker/portable/process-list.ts";
import { parseStatm, type StatFigures, scanStat } from "../../../worker/proc/figures.ts";
import { parseOpenFilesLimit } from "../../../worker/proc/kept-file.ts";
import { namedCount } from "../../../worker/proc/named-counts.ts";
import { parsePressure } from "../../../worker/proc/pressure.ts";
import { parseSmapsRollup } from "../../../worker/proc/smaps-rollup.ts";
import { isDead, parseProcStat } from "../../../worker/proc/stat.ts";

function scanned(text: string): StatFigures | undefined {
  const bytes = Buffer.from(text);
  const into = { isDead: false, isHeadless: false, ppid: 0, cpuTicks: 0, childCpuTicks: 0, threads: 0, startTicks: 0 };
  return scanStat(bytes, bytes.length, into) ? into : undefined;
}

const count = fc.nat({ max: 2 ** 31 - 1 });
/** At most 15 bytes, chosen by the process. */
const comm = fc
  .array(fc.constantFrom(")", "(", " ", "\n", "S", "1", "-", "\\", "é", "R 1"), { maxLength: 12 })
  .map((parts) => Buffer.from(parts.join("")).subarray(0, 15).toString());
const stat = fc
  .record({
    pid: fc.integer({ min: 1, max: 4_194_304 }),
    comm,
    state: fc.constantFrom("R", "S", "D", "Z", "T", "X", "I"),
    ppid: count,
    times: fc.tuple(count, count, count, count),
    threads: fc.integer({ min: 0, max: 100_000 }),
    startTicks: fc.nat({ max: 2 ** 40 }),
  })
  .map((values) => {
    const { pid, state, ppid, times, threads, startTicks } = values;
    const head = `${pid} (${values.comm}) ${state} ${ppid} 7 7 0 -1 4194304 96 0 0 0 ${times.join(" ")}`;
    return { values, text: `${head} 20 -5 ${threads} 0 ${startTicks} 3133440 382 18446744073709551615 0 0\n` };
  });

describe("/proc/<pid>/stat, scanned", () => {
  test("gives the numbers that were printed, whatever the process calls itself, and those that the parser gives", () => {
    fc.assert(
      fc.property(stat, ({ values, text }) => {
        const { state, ppid, times, threads, startTicks } = values;
        const figures = scanned(text);
        expect(figures).toMatchObject({
          ppid,
          threads,
          startTicks,
          cpuTicks: times[0] + times[1],
          childCpuTicks: times[2] + times[3],
          isHeadless: state === "Z" && threads > 1,
        });
        const parsed = parseProcStat(text);
        expect(parsed).toMatchObject({ ppid, threads, startTicks });
        expect(figures?.isDead).toBe(parsed && isDead(parsed));
      }),
    );
  });

  test("cut short gives nothing or the true numbers", () => {
    fc.assert(
      fc.property(stat, fc.nat(), ({ text }, cut) => {
        const figures = scanned(text.slice(0, cut % text.length));
        if (figures !== undefined) expect(figures).toEqual(scanned(text));
      }),
    );
  });

  test("of this very process is plausible", () => {
    const figures = scanned(readFileSync("/proc/self/stat", "utf8"));
    expect(figures).toMatchObject({ isDead: false, ppid: process.ppid });
    expect(figures?.threads).toBeGreaterThan(1);
    expect(figures?.cpuTicks).toBeGreaterThan(0);
  });
});

test("pressure gives seconds, and nothing where a line is missing or cut", () => {
  const text = (some: number, full: number) =>
    `some avg10=0.00 avg60=1.25 avg300=0.00 total=${some}\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=${full}\n`;
  fc.assert(
    fc.property(count, count, fc.nat(), (some, full, cut) => {
      const whole = { waitingSeconds: some / 1e6, stalledSeconds: full / 1e6 };
      expect(parsePressure(text(some, full))).toEqual(whole);
      const short = text(some, full).slice(0, cut % text(some, full).length);
      expect(parsePressure(short)).toBeUndefined();
    }),
  );
});

test("a named count is a whole line of that very name", () => {
  const text = "low 0\noom 4\noom_kill 2\noom_group_kill 9\n";
  expect([namedCount(text, "oom_kill"), namedCount(text, "oom"), namedCount(text, "low")]).toEqual([2, 4, 0]);
  expect(namedCount(text, "kill")).toBeUndefined();
  expect(namedCount("oom_kill 2", "oom_kill")).toBeUndefined();
  expect(namedCount("oom_kill -1\n", "oom_kill")).toBeUndefined();
});

test("unique memory is what is private: clean, dirty, and huge pages", () => {
  const text = "a-b ---p [rollup]\nPss: 9 kB\nPrivate_Clean: 1 kB\nPrivate_Dirty: 2 kB\nPrivate_Hugetlb: 4 kB\n";
  expect(parseSmapsRollup(text)).toEqual({ pssBytes: 9216, ussBytes: 7168 });
  expect(parseSmapsRollup("Pss: 9 kB\nPrivate_Clean: 1 kB\n")).toEqual({ pssBytes: 9216, ussBytes: undefined });
});

test("the limit of open files is the soft one", () => {
  expect(
    parseOpenFilesLimit("Limit  Soft\nMax open files            1024                 4096                 files\n"),
  ).toBe(1024);
  expect(parseOpenFilesLimit("Max open files            unlimited            unlimited            files\n")).toBe(
    Infinity,
  );
  expect(parseOpenFilesLimit("")).toBeUndefined();
  expect(parseOpenFilesLimit(readFileSync("/proc/self/limits", "utf8"))).toBeGreaterThan(100);
});

test("the list of ps gives every process its own line, and leaves out what is none", () => {
  const text = "    1     0 Ss       0 /sbin/init splash\n  700     1 Z     1000 [train] <defunct>\n 7 x S 0 no\n";
  expect(parseProcessList(text)).toEqual([
    { pid: 1, ppid: 0, isZombie: false, uid: 0, commandLine: "/sbin/init splash" },
    { pid: 700, ppid: 1, isZombie: true, uid: 1000, commandLine: "[train] <defunct>" },
  ]);
});

const PARSERS: Readonly<Record<string, (text: string) => unknown>> = {
  scanStat: scanned,
  parseStatm,
  parsePressure,
  parseOpenFilesLimit,
  parseSmapsRollup,
  parseProcessList,
  namedCount: (text) => namedCount(text, "oom_kill"),
};

test.each(Object.entries(PARSERS))("%s throws on no text", (_, parse) => {
  const words = fc.array(
    fc.constantFrom("1 (", ") ", "S", " ", "12", "99999999999999999999", "\n", "\0", "total=", "oom_kill ", "é"),
  );
  fc.assert(fc.property(words, (parts) => void parse(parts.join(""))));
  fc.assert(fc.property(fc.string(), (text) => void parse(text)));
});
