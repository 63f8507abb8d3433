// What the rules promise beyond the promtool unit tests beside them: labels, runbooks, and the subset that the guard can evaluate too.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { loadRules } from "../../remediator/guard/rules.ts";
import { promtool } from "../support/prometheus.ts";

const ALERTS = join(import.meta.dirname, "../../alerts");
const RULES = join(ALERTS, "workers.rules.yml");

interface Rule {
  alert: string;
  expr: string;
  for: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

interface UnitTest {
  alert_rule_test: { alertname: string; exp_alerts?: unknown[] }[];
}

const groups = (parse(readFileSync(RULES, "utf8")) as { groups: { name: string; rules: Rule[] }[] }).groups;
const rules = groups.flatMap((group) => group.rules);
const actionable = rules.filter((rule) => rule.labels.remediation !== "heartbeat");

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

describe("promtool", () => {
  test("accepts the rules, without a lint remark", async () => {
    const { code, stderr } = await promtool(["check", "rules", "--lint=all", "--lint-fatal", RULES]);
    expect(stderr).toBe("");
    expect(code).toBe(0);
  });

  test("finds that every alert fires, stays silent at its boundary, and resolves", async () => {
    const { code, stdout, stderr } = await promtool(["test", "rules", join(ALERTS, "workers.test.yml")]);
    expect(code, stdout + stderr).toBe(0);
  });

  test("is asked about every alert: that it fires, and that it does not", () => {
    const { tests } = parse(readFileSync(join(ALERTS, "workers.test.yml"), "utf8")) as { tests: UnitTest[] };
    const cases = tests.flatMap((unit) => unit.alert_rule_test);
    for (const { alert } of rules) {
      const own = cases.filter((one) => one.alertname === alert).map((one) => (one.exp_alerts ?? []).length > 0);
      expect(own, alert).toContain(true);
      expect(own, alert).toContain(false);
    }
  });
});

describe("the rules", () => {
  test("are the promised ones, with the promised remediation, reason, wait and guard", () => {
    const found = rules.map(({ alert, labels, for: wait }) => [
      alert,
      [labels.remediation, labels.reason, wait, labels.guard === "always"],
    ]);
    expect(Object.fromEntries(found)).toEqual(PROMISED);
  });

  test("carry a severity, and leave worker, group and host to the series", () => {
    for (const { alert, labels } of rules) {
      expect(["critical", "warning", "info", "none"], alert).toContain(labels.severity);
      for (const name of ["worker", "group", "host"]) expect(labels, alert).not.toHaveProperty(name);
    }
  });

  test("share one group with the heartbeat, so that it proves that they are evaluated", () => {
    expect(groups.map((group) => group.name)).toEqual(["pitcrew-workers"]);
  });

  test("that ask for action are plain comparisons: no function, no aggregation, no range, no job, no instance", () => {
    for (const { alert, expr } of actionable) {
      expect(expr, alert).not.toMatch(/\b(job|instance|by|without|offset|bool)\b|[[\]@+*/%^-]/);
      // A parenthesis after a word is a call, unless the word is a set operator.
      expect(expr, alert).not.toMatch(/\b(?!and\b|or\b|unless\b|on\b|ignoring\b)\w+\s*\(/);
    }
  });

  test("that ask for action are all loaded by the guard, without a problem", () => {
    const book = loadRules([RULES]);
    expect(book.problems).toEqual([]);
    expect(book.rules.map((rule) => rule.alert)).toEqual(actionable.map((rule) => rule.alert));
    expect(book.other.map((rule) => rule.alert)).toEqual(["PitcrewHeartbeat"]);
  });
});

describe("the runbook", () => {
  const readme = readFileSync(join(ALERTS, "README.md"), "utf8");
  const sections = new Map(
    readme
      .split(/^## /m)
      .slice(1)
      .map((section) => [section.slice(0, section.indexOf("\n")), section]),
  );

  test("has, under the heading that each runbook_url names, all four parts", () => {
    for (const { alert, annotations } of rules) {
      const [path, anchor] = (annotations.runbook_url ?? "").split("#");
      expect(path, alert).toBe("alerts/README.md");
      const heading = [...sections.keys()].find((title) => slug(title) === anchor);
      expect(heading, alert).toBe(alert);
      for (const part of ["Meaning", "Impact", "Diagnosis", "Mitigation"]) {
        expect(sections.get(alert), `${alert}: ${part}`).toContain(`**${part}.**`);
      }
    }
  });

  test("has no heading without an alert", () => {
    expect([...sections.keys()]).toEqual(rules.map((rule) => rule.alert));
  });
});

/** The anchor of a Markdown heading, as code hosts make it. */
function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");
}
