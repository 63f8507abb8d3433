import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isDead, isKernelThread, parseProcStat } from "../../../worker/proc/stat.ts";
import { statText } from "../fixture-proc.ts";

describe("/proc/<pid>/stat", () => {
  test("our own stat names us and our parent", () => {
    const stat = parseProcStat(readFileSync("/proc/self/stat", "utf8"));
    expect(stat).toMatchObject({ pid: process.pid, ppid: process.ppid });
    expect(stat?.startTicks).toBeGreaterThan(0);
    expect(stat && isKernelThread(stat)).toBe(false);
  });

  test("a kernel thread is told from a process that calls itself the same", () => {
    const text = "2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 5 0 0 20 0 1 0 5 0 0 0";
    const stat = parseProcStat(text);
    expect(stat && isKernelThread(stat)).toBe(true);
    expect(isKernelThread(parseProcStat(statText({ pid: 2, comm: "kthreadd", ppid: 0 })) ?? { flags: 0 })).toBe(false);
  });

  test.each([
    ["a space", "my worker"],
    ["a parenthesis", "a) S 1 1 (b"],
    ["only parentheses", "))))(((("],
    ["a newline", "a\nb) R 2\n"],
    ["nothing", ""],
    ["control characters and emoji", "\u0001\u001b[2J🔥"],
  ])("a command name of %s hides no field", (_, comm) => {
    const text = statText({ pid: 77, comm, ppid: 5, session: 6, threads: 3, startTicks: 987_654 });
    expect(parseProcStat(text)).toEqual({
      pid: 77,
      comm,
      state: "S",
      ppid: 5,
      processGroup: 77,
      session: 6,
      flags: 4_194_304,
      threads: 3,
      startTicks: 987_654,
    });
  });

  test.each([
    ["nothing", ""],
    ["no parentheses", "1 worker S 1 1 1"],
    ["an unclosed name", "1 (worker S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 100 0 0"],
    ["closing before opening", "1 ) S ( 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 100 0 0"],
    ["a pid that is no number", statText({ pid: 7 }).replace("7 (", "x (")],
    ["a state of two letters", statText({ pid: 7, state: "SS" })],
    ["start ticks above 2^53", statText({ pid: 7 }).replace(" 500 ", " 18446744073709551615 ")],
    ["negative start ticks", statText({ pid: 7 }).replace(" 500 ", " -500 ")],
  ])("%s gives nothing", (_, text) => {
    expect(parseProcStat(text)).toBeUndefined();
  });

  test("a text cut short anywhere gives nothing or the same numbers, never others", () => {
    const comm = fc.string({ maxLength: 15, unit: fc.constantFrom("a", " ", ")", "(", "\n", "S", "1") });
    const number = fc.nat({ max: 2 ** 31 - 1 });
    fc.assert(
      fc.property(comm, number, number, fc.nat(), (name, pid, startTicks, cut) => {
        const text = statText({ pid, comm: name, startTicks });
        const whole = parseProcStat(text);
        expect(whole).toMatchObject({ pid, comm: name, startTicks });
        const part = parseProcStat(text.slice(0, cut % text.length));
        if (part !== undefined) expect(part).toEqual(whole);
      }),
    );
  });

  test("no text makes the parser throw", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => void parseProcStat(text)));
    fc.assert(fc.property(fc.string(), fc.string(), (a, b) => void parseProcStat(`1 (${a}) ${b}`)));
  });

  test.each([
    ["a zombie is dead", "Z", 1, true],
    ["a zombie that was waited for is dead", "Z", 0, true],
    ["a process whose first thread has ended lives on in its others", "Z", 3, false],
    ["a dead one is dead", "X", 1, true],
    ["a sleeper lives", "S", 1, false],
    ["one in uninterruptible sleep lives", "D", 1, false],
    ["a stopped one lives", "T", 1, false],
  ])("%s", (_, state, threads, dead) => {
    const stat = parseProcStat(statText({ pid: 7, state, threads }));
    expect(stat && isDead(stat)).toBe(dead);
  });
});
