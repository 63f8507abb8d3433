import { describe, expect, test } from "vitest";
import { evaluate, measure } from "../../../remediator/guard/evaluate.ts";
import { parseExpr } from "../../../remediator/guard/parse.ts";
import type { Sample } from "../../../worker/sample.ts";

function sample(name: string, value: number, labels: Record<string, string> = {}): Sample {
  return { name, labels, value };
}

function parsed(text: string) {
  const result = parseExpr(text);
  if ("problem" in result) throw new Error(result.problem.message);
  return result.ok;
}

/** The result as Prometheus prints it, sorted. */
function query(text: string, samples: readonly Sample[]): string[] | string {
  const result = evaluate(parsed(text), samples);
  if ("error" in result) return result.error;
  return result.ok
    .map(({ labels: { __name__ = "", ...labels }, value }) => {
      const pairs = Object.entries(labels).map(([label, text]) => `${label}=${text}`);
      return `${__name__}{${pairs.sort().join(",")}} ${value}`;
    })
    .sort();
}

const SAMPLES: readonly Sample[] = [
  sample("memory", 9, { worker: "a", host: "h" }),
  sample("memory", 5, { worker: "b", host: "h" }),
  sample("memory", Number.NaN, { worker: "c", host: "h" }),
  sample("limit", 8, { worker: "a", host: "h" }),
  sample("limit", 8, { worker: "b", host: "h" }),
  sample("limit", 8, { worker: "c", host: "h" }),
  sample("up", 0, { worker: "a", host: "h", group: "" }),
  sample("up", 1, { worker: "b", host: "h", group: "g" }),
  sample("floor", 3, { host: "h" }),
  sample("free", 2, { host: "h" }),
];

describe("a selector", () => {
  test.each([
    ["up", ["up{group=g,host=h,worker=b} 1", "up{host=h,worker=a} 0"]],
    ['up{worker="a"}', ["up{host=h,worker=a} 0"]],
    ['up{worker!="a"}', ["up{group=g,host=h,worker=b} 1"]],
    ['up{worker=~"a|x"}', ["up{host=h,worker=a} 0"]],
    ['up{worker!~"[ab]"}', []],
    ['up{worker=~"b.+"}', []],
    ['up{group=""}', ["up{host=h,worker=a} 0"]],
    ['up{constructor="",toString=""}', ["up{group=g,host=h,worker=b} 1", "up{host=h,worker=a} 0"]],
    ['{__name__=~"fl.*|free"}', ["floor{host=h} 3", "free{host=h} 2"]],
    ["nothing", []],
  ])("%s", (text, expected) => {
    expect(query(text, SAMPLES)).toEqual(expected);
  });
});

describe("a comparison", () => {
  test.each([
    ["memory > limit", ["memory{host=h,worker=a} 9"]],
    ["memory < limit", ["memory{host=h,worker=b} 5"]],
    ["memory != limit", ["memory{host=h,worker=a} 9", "memory{host=h,worker=b} 5", "memory{host=h,worker=c} NaN"]],
    ["memory == memory", ["memory{host=h,worker=a} 9", "memory{host=h,worker=b} 5"]],
    ["memory > 5", ["memory{host=h,worker=a} 9"]],
    ["memory >= 5", ["memory{host=h,worker=a} 9", "memory{host=h,worker=b} 5"]],
    ["6 > memory", ["memory{host=h,worker=b} 5"]],
    ["free < floor", ["free{host=h} 2"]],
    ["free > on (host) floor", []],
    ["free < on (host) floor", ["{host=h} 2"]],
    ["free < on () floor", ["{} 2"]],
    ["free < on (host, __name__) floor", []],
    ['memory{worker="a"} > ignoring (worker) floor', ["memory{host=h} 9"]],
    ["memory > ignoring (worker) floor", "multiple matches for labels"],
    ["memory > ignoring (nothing) floor", []],
    ['memory > on (host) {__name__=~"floor|free"}', "found duplicate series"],
    ['nothing > on (host) {__name__=~"floor|free"}', []],
    ["up > on (worker, host) limit", []],
  ])("%s", (text, expected) => {
    const result = query(text, SAMPLES);
    if (typeof expected === "string") expect(result).toContain(expected);
    else expect(result).toEqual(expected);
  });

  test("two elements that match one are an error only where the comparison holds for both", () => {
    expect(query('memory{worker!="c"} > on (host) (limit{worker="a"})', SAMPLES)).toEqual(["{host=h} 9"]);
  });
});

describe("a set operator", () => {
  test.each([
    ["memory > limit and up == 0", ["memory{host=h,worker=a} 9"]],
    ["memory and on (worker, host) up == 1", ["memory{host=h,worker=b} 5"]],
    ["memory unless on (worker) up", ["memory{host=h,worker=c} NaN"]],
    ["free or floor", ["free{host=h} 2"]],
    ["free or on (nothing) memory", ["free{host=h} 2"]],
    ["nothing or free", ["free{host=h} 2"]],
    ["free or ignoring (worker) up", ["free{host=h} 2", "up{group=g,host=h,worker=b} 1"]],
    ["free unless nothing", ["free{host=h} 2"]],
    ["free and nothing", []],
    [
      "memory and on () floor > 2",
      ["memory{host=h,worker=a} 9", "memory{host=h,worker=b} 5", "memory{host=h,worker=c} NaN"],
    ],
  ])("%s", (text, expected) => {
    expect(query(text, SAMPLES)).toEqual(expected);
  });

  test("an error in either side is the result", () => {
    expect(query('free or memory > on (host) {__name__=~"floor|free"}', SAMPLES)).toContain("found duplicate series");
  });
});

describe("labels with the names of JavaScript's own properties", () => {
  test("are labels like any other", () => {
    const labels: Record<string, string> = Object.fromEntries([["__proto__", "p"]]);
    const samples = [sample("a", 1, labels), sample("b", 1, labels), sample("b", 1, {})];
    expect(query("a == b", samples)).toEqual(["a{__proto__=p} 1"]);
    expect(query("a == on (__proto__) b", samples)).toEqual(["{__proto__=p} 1"]);
    expect(query("a == on (constructor) b{__proto__!=''}", samples)).toEqual(["{} 1"]);
  });
});

describe("what a condition measures", () => {
  test("is both sides of its leading comparison, whether it holds or not", () => {
    const measured = (text: string) =>
      measure(parsed(text), SAMPLES).map(({ labels, value, against }) => [labels.worker, value, against]);
    expect(measured("memory > limit").slice(0, 2)).toEqual([
      ["a", 9, 8],
      ["b", 5, 8],
    ]);
    expect(measured('6 > memory{worker="a"} and up == 0')).toEqual([["a", 9, 6]]);
    expect(measured("memory")).toEqual([]);
    expect(measured("memory > 1 or limit > 1")).toEqual([]);
  });
});
