import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { labelsMentioned, metricsNamed } from "../../../remediator/guard/expression.ts";
import { parseExpr } from "../../../remediator/guard/parse.ts";
import { anyExpr, print } from "./generated.ts";

function parsed(text: string) {
  const result = parseExpr(text);
  if ("problem" in result) throw new Error(`${text}: ${result.problem.message}`);
  return result.ok;
}

function problemOf(text: string): string {
  const result = parseExpr(text);
  return "problem" in result ? result.problem.message : "none";
}

describe("an expression of the subset", () => {
  test("is the same after printing and parsing", () => {
    fc.assert(
      fc.property(anyExpr, (expr) => {
        expect(parsed(print(expr))).toEqual(expr);
      }),
      { numRuns: 400 },
    );
  });

  test.each([
    ["a or b and c", "a or (b and c)"],
    ["a and b or c", "(a and b) or c"],
    ["a and b unless c", "(a and b) unless c"],
    ["a unless b and c", "(a unless b) and c"],
    ["a or b or c", "(a or b) or c"],
    ["a > b == c", "(a > b) == c"],
    ["a == 0 and b == 1", "(a == 0) and (b == 1)"],
    ["a > -1", "a > (-1)"],
    ["a > - (1)", "a > -1"],
    ["a > +1", "a > 1"],
    ["a > - -1", "a > 1"],
    ["a > # why\n b", "a > b"],
    ["a\r\n> b", "a > b"],
    ["a{x='1',}", 'a{x="1"}'],
    ["a > ON (x,) b", "a > on(x) b"],
    ["a AND b", "a and b"],
    ["a and ignoring () b", "a and b"],
  ])("%j reads as %j", (text, same) => {
    expect(parsed(text)).toEqual(parsed(same));
  });

  test.each([
    ["1", 1],
    ["1.5e3", 1500],
    [".5", 0.5],
    ["1E-2", 0.01],
    ["0x1F", 31],
    ["0", 0],
    ["Inf", Number.POSITIVE_INFINITY],
    ["-inf", Number.NEGATIVE_INFINITY],
    ["NaN", Number.NaN],
  ])("the number %s is %d", (text, value) => {
    expect(parsed(`a > ${text}`)).toMatchObject({ right: { kind: "number", value } });
  });

  test.each([
    ['"a\\"b\\\\"', 'a"b\\'],
    ["'it\\'s'", "it's"],
    ["`a\\n`", "a\\n"],
    ['"\\x41\\101\\u00e9\\U0001F4A5\\t"', "AAé💥\t"],
  ])("the string %s is %j", (text, value) => {
    expect(parsed(`a{x=${text}}`)).toMatchObject({ matchers: [{}, { value }] });
  });

  test("names its metrics and the labels it depends on", () => {
    const expr = parsed('a{x="1"} > on (y) b and {__name__=~"c.*", z!=""} > 1');
    expect([...metricsNamed(expr)]).toEqual(["a", "b"]);
    expect([...labelsMentioned(expr)].sort()).toEqual(["__name__", "x", "y", "z"]);
  });
});

describe("what is outside the subset is refused by name", () => {
  test.each([
    ["sum(a) > 1", "an aggregation (sum(a))"],
    ["max by (host) (a)", "an aggregation"],
    ["rate(a[5m]) > 1", "a function (rate(a[5m]))"],
    ["time() > 1", "a function"],
    ["a[5m]", "a range"],
    ["a[5m:1m]", "a subquery"],
    ["a offset 5m > 1", "offset"],
    ["a @ 5 > 1", "@"],
    ["a + 1 > 2", "arithmetic (+)"],
    ["a > b * 0.8", "arithmetic (*)"],
    ["a ^ 2", "arithmetic (^)"],
    ["a atan2 b", "arithmetic (atan2)"],
    ["-a > 1", "the sign of a metric"],
    ["a > bool b", "bool"],
    ["a > on (x) group_left b", "many-to-one matching"],
    ["a > on (x) group_right (y) b", "one-to-many matching"],
    ["a > fill(0) b", "fill"],
    ['{"a b"} > 1', "a quoted name"],
    ['{"a b"="1"} > 1', "a quoted name"],
    ['a > "b"', "a string"],
  ])("%s", (text, what) => {
    expect(problemOf(text)).toContain(what);
    expect(problemOf(text)).toContain("outside the guard's subset");
  });

  test.each([
    ["", "ends too soon"],
    ["a >", "ends too soon"],
    ["a b", 'near "b"'],
    ["(a > 1", "ends too soon"],
    ["a > 1)", 'near ")"'],
    ["3", "a number alone is no condition"],
    ["1 > 2", "compares two numbers"],
    ["a and 1", '"and" needs a metric'],
    ["a > on (x) 1", "on and ignoring need a metric on both sides"],
    ["{}", "at least one matcher"],
    ['{x=""}', "at least one matcher"],
    ['{x=~".*"}', "at least one matcher"],
    ['a{__name__="b"}', "name is given twice"],
    ["sum > 1", '"sum" is a word of PromQL'],
    ["a > on (without) b", "without cannot be a label"],
    ["a > 5m", "is a duration, not a number"],
    ["a > 1_000", "is not a number of Prometheus 2"],
    ["a > 017", "octal"],
    ["a > 1e999", "too large"],
    ["a > 0xFFFFFFFFFFFFFFFFF", "too large"],
    ['a{x="b\n}', "not closed"],
    ['a{x="b\\\nc"}', "not closed before the end of its line"],
    ['a{x="\\q"}', "escape"],
    ['a{x="\\xff"}', "escape"],
    ['a{x="\\ud800"}', "escape"],
    ["a\u00a0> 1", "a character that PromQL does not know"],
    ["a > b # c\rd", "a character that PromQL does not know"],
    ["a > 1 or b </ 2", "outside the guard's subset"],
    [`a > ${"(".repeat(300)}1${")".repeat(300)}`, "nested too deeply"],
    [`a > ${" ".repeat(10_000)}1`, "longer than 10000 characters"],
  ])("%j: %s", (text, what) => {
    expect(problemOf(text)).toContain(what);
  });

  test("the offset points at the construct", () => {
    expect(parseExpr("up == 0 and rate(x[5m]) > 1")).toMatchObject({ problem: { offset: 12 } });
  });

  test("no text makes the parser throw", () => {
    const words = [
      "a",
      "b",
      ">",
      "==",
      "and",
      "or",
      "on",
      "(",
      ")",
      "{",
      "}",
      "=",
      "~",
      '"',
      "'",
      "`",
      ",",
      "-",
      "1",
      "0x",
      "5m",
    ];
    const soup = fc.array(
      fc.oneof(fc.constantFrom(...words, "[", "]", "#", "\n", "\\", "bool", "sum"), fc.string({ unit: "binary" })),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          soup.map((parts) => parts.join(" ")),
          soup.map((parts) => parts.join("")),
          fc.string(),
        ),
        (text) => {
          parseExpr(text);
        },
      ),
      { numRuns: 2000 },
    );
    for (const deep of ["(", "-", "a or ", "a > on(x) ", '{x="', "((a)>1) or "]) parseExpr(deep.repeat(900));
  });
});
