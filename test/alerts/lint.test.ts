// What pint checks and promtool does not: metrics and labels that are there, counters as counters, alerts that mean one thing.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { CatalogueEntry } from "../../daemon/metric.ts";
import { EXPORTER_CATALOGUE } from "../../exporter/catalogue/catalogue.ts";
import { REMEDIATOR_CATALOGUE } from "../../remediator/catalogue.ts";
import { startAlertmanager } from "../support/alertmanager.ts";
import { eventually } from "../support/eventually.ts";
import { startPrometheus } from "../support/prometheus.ts";
import { groupingLabelsOf, joinsOf, nodesOf, selectorsOf } from "./promql.ts";
import { ALERTS, allAlerts, RULE_FILES, recordings, textOf } from "./rule-set.ts";

const CATALOGUE = new Map<string, CatalogueEntry>(
  [...EXPORTER_CATALOGUE, ...REMEDIATOR_CATALOGUE].map((entry) => [entry.name, entry]),
);

/** Of Prometheus and Alertmanager: the labels that a rule may name. Asked for of the real programs below. */
const FOREIGN: Readonly<Record<string, readonly string[]>> = {
  up: [],
  prometheus_rule_evaluation_failures_total: ["rule_group"],
  alertmanager_notifications_failed_total: ["integration"],
};
/** What a scrape adds. */
const TARGET_LABELS = ["job", "instance"];

/** Alerts that fire at once, and why nothing is gained by waiting. */
const AT_ONCE: Readonly<Record<string, string>> = {
  PitcrewWorkerMemoryOverLimit: "the reading is checked again before anything is done",
  PitcrewWorkerMemoryOverRelief: "the reading is checked again before anything is done",
  PitcrewWorkerTooOld: "age does not flap",
  PitcrewSystemMemoryCritical: "there is no time",
  PitcrewHeartbeat: "it always fires",
  PitcrewRemediationFailed: "its window of 15 minutes holds it",
  PitcrewRemediationIneffective: "its window of 15 minutes holds it",
  PitcrewWorkerQuarantined: "the remediator has waited already",
  PitcrewRestartStorm: "the remediator has counted already",
  PitcrewHostTooSmall: "its window of an hour holds it",
  PitcrewRuleEvaluationFailing: "its window of 5 minutes holds it",
};

/** Alerts whose expression compares nothing, and what makes it a condition. */
const WITHOUT_COMPARISON: Readonly<Record<string, string>> = {
  PitcrewHeartbeat: "it always fires",
};

const alerts = allAlerts();
const exprs = [
  ...alerts.map(({ alert, expr }) => [alert, expr] as const),
  ...recordings().map(({ record, expr }) => [record, expr] as const),
];

describe.each(exprs)("the expression of %s", (_, expr) => {
  const asked = selectorsOf(expr);

  test("asks only for metrics that the catalogues or the listed foreign programs have, by labels that they carry", () => {
    expect(asked.length).toBeGreaterThan(0);
    for (const { metric, matchers } of asked) {
      const labels = CATALOGUE.get(metric)?.labels ?? FOREIGN[metric];
      expect(labels, metric).toBeDefined();
      for (const { label } of matchers) expect([...(labels ?? []), ...TARGET_LABELS], metric).toContain(label);
    }
  });

  test("groups and joins by labels that one of its metrics carries", () => {
    const carried = asked.flatMap(({ metric }) => CATALOGUE.get(metric)?.labels ?? FOREIGN[metric] ?? []);
    for (const label of groupingLabelsOf(expr)) expect([...carried, ...TARGET_LABELS]).toContain(label);
  });

  test("takes counters through rate or increase alone, and gauges never", () => {
    for (const { metric, within } of asked) {
      const isCounter = CATALOGUE.get(metric)?.type === "counter" || metric.endsWith("_total");
      const rated = within[0] === "rate" || within[0] === "increase";
      expect(rated, `${metric} in ${within.join(" in ")}`).toBe(isCounter);
    }
  });

  test("anchors no pattern that is anchored anyway, and has no pattern where a text would do", () => {
    for (const { matchers } of asked)
      for (const { operator, value } of matchers) {
        if (!operator.includes("~")) continue;
        expect(value).not.toMatch(/^\^|\$$/);
        expect(value).toMatch(/[.*+?|[(]/);
      }
  });

  test("joins series of different targets by what they share: host and worker, or the instance of one job", () => {
    for (const { left, right, on } of joinsOf(expr)) {
      const sources = new Set([...left, ...right].map(sourceOf));
      if (sources.size > 1) expect(["host", "host,worker", "instance"], expr).toContain(on?.join());
    }
  });
});

function sourceOf(metric: string): string {
  if (EXPORTER_CATALOGUE.some(({ name }) => name === metric)) return "exporter";
  return CATALOGUE.has(metric) ? "remediator" : "foreign";
}

describe.each(alerts)("$alert", ({ alert, expr, for: wait, keep_firing_for: keep, labels, annotations }) => {
  test("waits, or is listed as one that need not", () => {
    expect(wait, "for is written down").toMatch(/^\d+[smhd]$/);
    expect(wait === "0s").toBe(alert in AT_ONCE);
  });

  test("is a condition: a comparison or an absence", () => {
    const nodes = nodesOf(expr);
    const compares = nodes.some((name) => ["Eql", "Neq", "Lss", "Gtr", "Lte", "Gte", "Absent"].includes(name));
    expect(compares).toBe(!(alert in WITHOUT_COMPARISON));
  });

  test("has labels that do not change while it fires: no value, no template, no ranking", () => {
    for (const text of Object.values(labels)) expect(text).not.toMatch(/\{\{/);
    for (const name of nodesOf(expr)) expect(["Topk", "Bottomk", "LimitK"]).not.toContain(name);
  });

  test("tells people the measured value, and only labels that its series carry", () => {
    const text = Object.values(annotations).join("\n");
    const carried = selectorsOf(expr).flatMap(({ metric }) => CATALOGUE.get(metric)?.labels ?? FOREIGN[metric] ?? []);
    for (const [, label = ""] of text.matchAll(/\$labels\.(\w+)/g))
      expect([...carried, ...TARGET_LABELS]).toContain(label);
    expect(annotations.summary).not.toMatch(/\$value/);
    // A query of a template names metrics, too.
    for (const [, metric = ""] of text.matchAll(/\b(pitcrew_\w+)(?=[{[])/g))
      expect(CATALOGUE.has(metric), metric).toBe(true);
  });

  test("keeps firing only if nothing is done about it", () => {
    if (keep !== undefined) expect(labels.remediation).toBeUndefined();
  });
});

describe("the rule files", () => {
  test("hold no rule twice", () => {
    const normal = exprs.map(([, expr]) => expr.replaceAll(/\s+/g, " "));
    expect(new Set(normal).size).toBe(normal.length);
    const names = exprs.map(([name]) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  test("have groups with names of their own, small enough for a tenant of Mimir as it comes", () => {
    const groups = RULE_FILES.flatMap(
      (file) =>
        (parse(readFileSync(join(ALERTS, file), "utf8")) as { groups: { name: string; rules: unknown[] }[] }).groups,
    );
    expect(new Set(groups.map(({ name }) => name)).size).toBe(groups.length);
    for (const { name, rules } of groups) expect(rules.length, name).toBeLessThanOrEqual(20);
  });

  test("stand alone: no field but those of Prometheus, and no path out of the folder", () => {
    const known = new Set(["alert", "record", "expr", "for", "keep_firing_for", "labels", "annotations"]);
    for (const file of RULE_FILES) {
      const { groups } = parse(textOf(file)) as { groups: { name: string; rules: Record<string, unknown>[] }[] };
      for (const group of groups) {
        expect(Object.keys(group).toSorted(), file).toEqual(["name", "rules"]);
        for (const rule of group.rules)
          expect(
            Object.keys(rule).filter((key) => !known.has(key)),
            file,
          ).toEqual([]);
      }
    }
  });
});

test("Prometheus and Alertmanager have the foreign metrics, with those labels", async () => {
  const alertmanager = await startAlertmanager({ config: "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n" });
  const prometheus = await startPrometheus({
    config: (port) => `global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [some.rules.yml]
scrape_configs:
  - {job_name: prometheus, static_configs: [{targets: ["127.0.0.1:${port}"]}]}
  - {job_name: alertmanager, static_configs: [{targets: ["${new URL(alertmanager.url).host}"]}]}
`,
    files: { "some.rules.yml": "groups: [{name: some, rules: [{record: one, expr: vector(1)}]}]\n" },
  });
  for (const [metric, labels] of Object.entries(FOREIGN)) {
    const [sample] = await eventually(
      async () => {
        const samples = await prometheus.query(metric);
        return samples.length > 0 ? samples : undefined;
      },
      { what: metric, within: 60_000 },
    );
    expect(Object.keys(sample?.metric ?? {}), metric).toEqual(expect.arrayContaining([...labels]));
  }
});
