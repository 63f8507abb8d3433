import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readPattern } from "../../../remediator/guard/pattern.ts";

function matchesAll(pattern: string, value: string): boolean {
  const read = readPattern(pattern);
  if ("problem" in read) throw new Error(read.problem);
  return read.ok.test(value);
}

describe("a pattern means what RE2 makes of it", () => {
  test.each([
    ["train", "train", true],
    ["train", "train-1", false],
    ["train|enc", "encoder", false],
    ["train|enc", "enc", true],
    ["a.c", "a\nc", false],
    ["a.c", "a\u2028c", true],
    ["a.c", "a💥c", true],
    ["[^a]", "💥", true],
    ["\\s", "\u00a0", false],
    ["[\\s]", "\t", true],
    ["\\S", "\v", true],
    ["\\w+", "é", false],
    ["\\d{2,3}", "123", true],
    ["x{2}", "xx", true],
    ["[a-c-]+", "a-b", true],
    ["[.$]", "$", true],
    ["a\\-b\\/c\\_", "a-b/c_", true],
    ["]}", "]}", true],
    ["(foo)?bar", "bar", true],
    ["", "", true],
    ["a|", "", true],
    [".*?x", "aax", true],
    ["é+", "éé", true],
  ])("%j on %j: %s", (pattern, value, expected) => {
    expect(matchesAll(pattern, value)).toBe(expected);
  });
});

describe("a pattern that RE2 and JavaScript may read differently is refused", () => {
  test.each([
    "(?=a)",
    "(?<!a)b",
    "(?P<name>a)",
    "(?<name>a)",
    "(?i)a",
    "(a)\\1",
    "\\k<a>",
    "\\pL",
    "\\Qa\\E",
    "\\A",
    "\\z",
    "\\x41",
    "\\cA",
    "\\é",
    "[[:alpha:]]",
    "[]a]",
    "[^]",
    "[a-b-c]",
    "[z-a]",
    "[\\S]",
    "a**",
    "a{2}{3}",
    "a{1001}",
    "a{3,2}",
    "a{,3}",
    "a{",
    "*a",
    "^*",
    "(a+)+",
    "(a|a)*",
    "(",
    ")",
    "(a))(",
    "[a",
    "[a-",
    "a\\",
    "(".repeat(101) + ")".repeat(101),
  ])("%j", (pattern) => {
    expect(readPattern(pattern)).toHaveProperty("problem");
  });

  test("no pattern makes the reader throw, and none that it takes is slow on a label's value", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[ab.*+?()[\]{}|\\^$,123-]*$/)), (pattern) => {
        const read = readPattern(pattern);
        if ("ok" in read) read.ok.test("abababababababababababababab!");
      }),
      { numRuns: 2000 },
    );
  });
});
