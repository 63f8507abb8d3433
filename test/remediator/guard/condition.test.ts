import { describe, expect, test } from "vitest";
import { conditionHolds } from "../../../remediator/guard/condition.ts";
import { unevaluableNow, wouldDoNow } from "../../../remediator/guard/would-do.ts";
import type { Sample } from "../../../worker/sample.ts";
import { aRule } from "./a-rule.ts";

function sample(name: string, value: number, worker?: string, host = "h"): Sample {
  return { name, labels: worker === undefined ? { host } : { host, worker }, value };
}

const SAMPLES = [
  sample("memory", 9, "a"),
  sample("memory", 5, "b"),
  sample("memory", 99, "b", "elsewhere"),
  sample("limit", 8, "a"),
  sample("limit", 8, "b"),
  sample("limit", 8, "b", "elsewhere"),
  sample("up", 0, "a"),
  sample("free", 1),
  sample("floor", 2),
];

describe("the precheck", () => {
  test("holds for the worker over its limit, and says by what", () => {
    expect(conditionHolds(aRule(), SAMPLES, { host: "h", worker: "a" })).toEqual({ kind: "true", value: 9, limit: 8 });
  });

  test("does not hold for the worker under it, nor because of a namesake on another host", () => {
    expect(conditionHolds(aRule(), SAMPLES, { host: "h", worker: "b" })).toEqual({ kind: "false", value: 5, limit: 8 });
  });

  test("does not wait for the rule's `for`", () => {
    expect(conditionHolds(aRule({ forSeconds: 3600 }), SAMPLES, { host: "h", worker: "a" }).kind).toBe("true");
  });

  test("an absent reading never justifies an action", () => {
    expect(conditionHolds(aRule(), SAMPLES, { host: "h", worker: "c" })).toEqual({ kind: "false" });
    expect(conditionHolds(aRule(), [sample("memory", 9, "a")], { host: "h", worker: "a" })).toEqual({ kind: "false" });
  });

  test("a rule about the host is about no worker, and the other way round", () => {
    const low = aRule({ text: "free < floor", remediation: "restart_largest" });
    expect(conditionHolds(low, SAMPLES, { host: "h" })).toEqual({ kind: "true", value: 1, limit: 2 });
    expect(conditionHolds(low, SAMPLES, { host: "h", worker: "a" })).toEqual({ kind: "false" });
    expect(conditionHolds(aRule(), SAMPLES, { host: "h" })).toEqual({ kind: "false" });
  });

  test("`and` says what its left side measured; a plain selector has no limit", () => {
    const both = aRule({ text: "up == 0 and memory > 10" });
    expect(conditionHolds(both, SAMPLES, { host: "h", worker: "a" })).toEqual({ kind: "false", value: 0, limit: 0 });
    const joined = aRule({ text: "memory > limit and on (host, worker) up == 0" });
    expect(conditionHolds(joined, SAMPLES, { host: "h", worker: "a" })).toEqual({ kind: "true", value: 9, limit: 8 });
    expect(conditionHolds(aRule({ text: "up" }), SAMPLES, { host: "h", worker: "a" })).toEqual({
      kind: "true",
      value: 0,
    });
  });

  test("the number of a comparison is its limit on either side", () => {
    const rule = aRule({ text: "6 < memory" });
    expect(conditionHolds(rule, SAMPLES, { host: "h", worker: "a" })).toEqual({ kind: "true", value: 9, limit: 6 });
    expect(conditionHolds(rule, SAMPLES, { host: "h", worker: "b" })).toEqual({ kind: "false", value: 5, limit: 6 });
  });

  test("the rule's own labels are over those of the series, as in its alert", () => {
    const rule = aRule({ text: "free < floor", labels: { worker: "a" } });
    expect(conditionHolds(rule, SAMPLES, { host: "h", worker: "a" })).toEqual({ kind: "true", value: 1, limit: 2 });
  });

  test("series that cannot be matched make it unevaluable, not true", () => {
    const rule = aRule({ text: "memory > on (host) limit" });
    expect(conditionHolds(rule, SAMPLES, { host: "h", worker: "a" })).toMatchObject({
      kind: "unevaluable",
      why: expect.stringContaining("found duplicate series"),
    });
  });
});

describe("what the rules would do at this moment", () => {
  test("is every rule's result, without its `for`", () => {
    const rules = [
      aRule({ forSeconds: 60 }),
      aRule({ alert: "Low", text: "free < floor", remediation: "restart_largest" }),
    ];
    expect(
      wouldDoNow(
        rules,
        SAMPLES.filter(({ labels }) => labels.host === "h"),
      ),
    ).toEqual([
      { alert: "MemoryOverLimit", remediation: "restart", worker: "a", value: 9, limit: 8, forSeconds: 60 },
      { alert: "Low", remediation: "restart_largest", value: 1, limit: 2, forSeconds: 0 },
    ]);
  });

  test("a rule that cannot be evaluated is told apart from one that asks for nothing", () => {
    const rules = [aRule({ text: "memory > on (host) limit" }), aRule({ text: "memory > 1000" })];
    expect(wouldDoNow(rules, SAMPLES)).toEqual([]);
    expect(unevaluableNow(rules, SAMPLES)).toMatchObject([{ alert: "MemoryOverLimit" }]);
  });
});
