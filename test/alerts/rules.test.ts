// What the rules that ask for action promise: labels, waits, and the subset that the guard can evaluate too.
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadRules } from "../../remediator/guard/rules.ts";
import { ALERTS, alertsOf, asksForAction } from "./rule-set.ts";

const rules = alertsOf("workers.rules.yml");
const actionable = rules.filter(asksForAction);

/** remediation, reason, for, and whether the guard evaluates it always. */
const PROMISED: Record<string, [string, string, string, boolean]> = {
  PitcrewWorkerMemoryOverLimit: ["restart", "memory_limit", "0s", true],
  PitcrewWorkerMemoryOverRelief: ["relieve", "memory_relief", "0s", false],
  PitcrewWorkerTooOld: ["recycle", "age", "0s", false],
  PitcrewSystemMemoryLow: ["restart_largest", "system_memory", "1m", false],
  PitcrewSystemMemoryCritical: ["restart_largest", "system_memory", "0s", true],
  PitcrewWorkerDown: ["start", "down", "5s", false],
  PitcrewWorkerBrakesExhausted: ["restart", "brake_limit", "30s", false],
  PitcrewHeartbeat: ["heartbeat", "other", "0s", false],
};

describe("the rules", () => {
  test("are the promised ones, with the promised remediation, reason, wait and guard", () => {
    const found = rules.map(({ alert, labels, for: wait }) => [
      alert,
      [labels.remediation, labels.reason, wait, labels.guard === "always"],
    ]);
    expect(Object.fromEntries(found)).toEqual(PROMISED);
  });

  test("share one group with the heartbeat, so that it proves that they are evaluated", () => {
    expect(new Set(rules.map((rule) => rule.group))).toEqual(new Set(["pitcrew-workers"]));
  });

  test("that ask for action are plain comparisons: no function, no aggregation, no range, no job, no instance", () => {
    for (const { alert, expr } of actionable) {
      expect(expr, alert).not.toMatch(/\b(job|instance|by|without|offset|bool)\b|[[\]@+*/%^-]/);
      // A parenthesis after a word is a call, unless the word is a set operator.
      expect(expr, alert).not.toMatch(/\b(?!and\b|or\b|unless\b|on\b|ignoring\b)\w+\s*\(/);
    }
  });

  test("that ask for action are all loaded by the guard, without a problem", () => {
    const book = loadRules([join(ALERTS, "workers.rules.yml")]);
    expect(book.problems).toEqual([]);
    expect(book.rules.map((rule) => rule.alert)).toEqual(actionable.map((rule) => rule.alert));
    expect(book.other.map((rule) => rule.alert)).toEqual(["PitcrewHeartbeat"]);
  });
});
