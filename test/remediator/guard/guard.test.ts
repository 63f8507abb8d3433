import { describe, expect, test } from "vitest";
import { Guard, type GuardOutput } from "../../../remediator/guard/guard.ts";
import type { ActionableRule, RuleBook } from "../../../remediator/guard/rules.ts";
import type { Sample } from "../../../worker/sample.ts";
import { aRule } from "./a-rule.ts";

const HELD = 10;

function book(...rules: ActionableRule[]): RuleBook {
  return { rules, other: [], problems: [] };
}

function memory(value: number, worker = "w"): Sample[] {
  return [
    { name: "memory", labels: { host: "h", worker }, value },
    { name: "limit", labels: { host: "h", worker }, value: 8 },
  ];
}

const OVER = memory(9);
const UNDER = memory(7);

/** `worker:status` of every notice. */
function said({ notices }: GuardOutput): string[] {
  return notices.map(({ labels, status }) => `${labels.alertname}/${labels.worker}:${status}`);
}

function guardOf(
  rules: readonly ActionableRule[],
  options: { when?: "always" | "pipeline_down" | "never" } = {},
): Guard {
  return new Guard({ rules: book(...rules), when: "always", heartbeatTimeoutSeconds: 180, ...options });
}

describe("the alerts of the guard", () => {
  test("a rule without `for` fires at the first evaluation, with the labels that Prometheus would give it", () => {
    const guard = guardOf([aRule({ labels: { remediation: "restart", reason: "memory_limit", empty: "" } })]);
    expect(guard.tick(OVER, 0, {}).notices).toEqual([
      {
        source: "guard",
        status: "firing",
        labels: {
          alertname: "MemoryOverLimit",
          host: "h",
          worker: "w",
          remediation: "restart",
          reason: "memory_limit",
        },
        startsAt: undefined,
      },
    ]);
  });

  test("an alert is handed in at every tick while it fires, and resolved once", () => {
    const guard = guardOf([aRule()]);
    expect([OVER, OVER, UNDER, UNDER, OVER].map((samples, at) => said(guard.tick(samples, at, {})))).toEqual([
      ["MemoryOverLimit/w:firing"],
      ["MemoryOverLimit/w:firing"],
      ["MemoryOverLimit/w:resolved"],
      [],
      ["MemoryOverLimit/w:firing"],
    ]);
  });

  test("fires at the first evaluation at which the condition has held for as long as `for` says", () => {
    const guard = guardOf([aRule({ forSeconds: HELD })]);
    expect([100, 105, 109.9, 110, 112].map((at) => said(guard.tick(OVER, at, {})).length)).toEqual([0, 0, 0, 1, 1]);
  });

  test("a gap of one evaluation starts the waiting anew, and a pending alert that ends says nothing", () => {
    const guard = guardOf([aRule({ forSeconds: HELD })]);
    guard.tick(OVER, 0, {});
    expect(said(guard.tick(UNDER, 5, {}))).toEqual([]);
    expect([6, 12, 15.9, 16].map((at) => said(guard.tick(OVER, at, {})).length)).toEqual([0, 0, 0, 1]);
  });

  test("a series that is missing for one evaluation starts the waiting anew", () => {
    const guard = guardOf([aRule({ forSeconds: HELD })]);
    guard.tick(OVER, 0, {});
    guard.tick([], 5, {});
    expect(said(guard.tick(OVER, 10, {}))).toEqual([]);
  });

  test("each series waits by itself", () => {
    const guard = guardOf([aRule({ forSeconds: HELD })]);
    guard.tick(memory(9, "a"), 0, {});
    const both = [...memory(9, "a"), ...memory(9, "b")];
    expect(said(guard.tick(both, 10, {}))).toEqual(["MemoryOverLimit/a:firing"]);
    expect(said(guard.tick(both, 20, {}))).toEqual(["MemoryOverLimit/a:firing", "MemoryOverLimit/b:firing"]);
    expect(said(guard.tick(memory(9, "b"), 21, {}))).toEqual([
      "MemoryOverLimit/b:firing",
      "MemoryOverLimit/a:resolved",
    ]);
  });

  test("a rule that cannot be evaluated is named, and neither fires nor resolves", () => {
    const guard = guardOf([aRule({ text: "memory > on (host) limit" })]);
    expect(said(guard.tick(OVER, 0, {}))).toHaveLength(1);
    const broken = guard.tick([...memory(9, "a"), ...memory(9, "b")], 1, {});
    expect(broken.notices).toEqual([]);
    expect(broken.problems).toMatchObject([{ alert: "MemoryOverLimit", why: expect.stringContaining("duplicate") }]);
    expect(said(guard.tick(UNDER, 2, {}))).toHaveLength(1);
  });

  test("series that the rule's labels make equal are a problem, as in Prometheus", () => {
    const guard = guardOf([aRule({ labels: { worker: "same" } })]);
    expect(guard.tick([...memory(9, "a"), ...memory(9, "b")], 0, {}).problems).toMatchObject([
      { alert: "MemoryOverLimit", why: expect.stringContaining("same labels") },
    ]);
  });
});

describe("which rules speak", () => {
  const always = aRule({ alert: "Always", guardAlways: true });
  const other = aRule({ alert: "Other", forSeconds: HELD });

  test("`never` is off", () => {
    const guard = guardOf([always], { when: "never" });
    expect(guard.tick(OVER, 0, {})).toEqual({ notices: [], active: "off", changed: true, problems: [] });
  });

  test("`always` does not listen to the heartbeat", () => {
    const guard = guardOf([always, other], { when: "always" });
    guard.tick(OVER, 0, { atMonotonicSeconds: 0 });
    const output = guard.tick(OVER, 10, { atMonotonicSeconds: 10 });
    expect(output.active).toBe("all_rules");
    expect(said(output)).toEqual(["Always/w:firing", "Other/w:firing"]);
  });

  test("all rules run before the first heartbeat, the always-on rules after it, and all again when it is overdue", () => {
    const guard = guardOf([always, other], { when: "pipeline_down" });
    const outputs = [
      guard.tick(OVER, 0, {}),
      guard.tick(OVER, 10, {}),
      guard.tick(OVER, 20, { atMonotonicSeconds: 19 }),
      guard.tick(OVER, 198.9, { atMonotonicSeconds: 19 }),
      guard.tick(OVER, 199, { atMonotonicSeconds: 19 }),
    ];
    expect(outputs.map(({ active, changed }) => [active, changed])).toEqual([
      ["all_rules", true],
      ["all_rules", false],
      ["always_rules", true],
      ["always_rules", false],
      ["all_rules", true],
    ]);
    expect(outputs.map((output) => said(output).length)).toEqual([1, 2, 1, 1, 2]);
  });

  test("`for` is counted while only Prometheus speaks for a rule, so that it fires as soon as the pipeline is down", () => {
    const guard = guardOf([other], { when: "pipeline_down" });
    for (const at of [0, 60, 120, 179]) expect(said(guard.tick(OVER, at, { atMonotonicSeconds: 0 }))).toEqual([]);
    expect(said(guard.tick(OVER, 180, { atMonotonicSeconds: 0 }))).toEqual(["Other/w:firing"]);
  });

  test("an alert that the guard handed in is resolved also after it stepped back; one that it did not is not its own", () => {
    const guard = guardOf([aRule({ alert: "Other" })], { when: "pipeline_down" });
    guard.tick(OVER, 0, {});
    expect(said(guard.tick(OVER, 1, { atMonotonicSeconds: 1 }))).toEqual([]);
    expect(said(guard.tick(UNDER, 2, { atMonotonicSeconds: 1 }))).toEqual(["Other/w:resolved"]);
    guard.tick(OVER, 3, { atMonotonicSeconds: 1 });
    expect(said(guard.tick(UNDER, 4, { atMonotonicSeconds: 1 }))).toEqual([]);
  });
});

describe("new rules", () => {
  test("a rule that did not change keeps the time for which it has held", () => {
    const guard = guardOf([aRule({ forSeconds: HELD })]);
    guard.tick(OVER, 0, {});
    guard.setRules(book(aRule({ forSeconds: HELD, line: 99 }), aRule({ alert: "New", forSeconds: HELD })));
    expect(said(guard.tick(OVER, 10, {}))).toEqual(["MemoryOverLimit/w:firing"]);
  });

  test("a reload can change when the guard speaks, without forgetting how long a rule has held", () => {
    const rule = aRule({ forSeconds: HELD });
    const guard = guardOf([rule], { when: "pipeline_down" });
    guard.tick(OVER, 0, { atMonotonicSeconds: 0 });
    guard.reconfigure({ rules: book(rule), when: "pipeline_down", heartbeatTimeoutSeconds: 5 });
    expect(said(guard.tick(OVER, 10, { atMonotonicSeconds: 0 }))).toEqual(["MemoryOverLimit/w:firing"]);
    guard.reconfigure({ rules: book(rule), when: "never", heartbeatTimeoutSeconds: 5 });
    expect(guard.tick(OVER, 11, {})).toMatchObject({ notices: [], active: "off", changed: true });
  });

  test("a rule whose expression changed waits anew, and one that is gone is silent", () => {
    const guard = guardOf([aRule({ forSeconds: HELD }), aRule({ alert: "Gone" })]);
    guard.tick(OVER, 0, {});
    guard.setRules(book(aRule({ forSeconds: HELD, text: "memory >= limit" })));
    expect(said(guard.tick(OVER, 10, {}))).toEqual([]);
    expect(said(guard.tick(OVER, 20, {}))).toEqual(["MemoryOverLimit/w:firing"]);
  });
});
