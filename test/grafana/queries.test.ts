// Every query of the dashboards is PromQL that Prometheus accepts, whatever is chosen, and asks for what somebody publishes.
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { EXPORTER_CATALOGUE } from "../../exporter/catalogue/catalogue.ts";
import { REMEDIATOR_CATALOGUE } from "../../remediator/catalogue.ts";
import { selectorsOf } from "../alerts/promql.ts";
import { allAlerts, recordings } from "../alerts/rule-set.ts";
import { promtool, writeFiles } from "../support/prometheus.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { type Chosen, dashboards, panelsOf, selectorOf, substituted } from "./dashboards.ts";

/** What may be chosen: one, several (as Grafana writes them), all. */
const CHOICES: Record<string, Chosen> = {
  one: { host: "box-1.example.org", group: "train", worker: "train-1", rateInterval: "20s", range: "21600s" },
  several: {
    host: "(box-1\\\\.example\\\\.org|box-2)",
    group: "(train|encoder)",
    worker: "(train-1|train-2)",
    rateInterval: "1m5s",
    range: "3600s",
  },
  all: { host: ".+", group: ".+", worker: ".+", rateInterval: "5m15s", range: "604800s" },
};

const queries = dashboards().flatMap((dashboard) => [
  ...panelsOf(dashboard).flatMap(({ id, targets = [] }) =>
    targets.map(({ refId, expr }) => ({ where: `${dashboard.uid} panel ${id} ${refId}`, expr })),
  ),
  ...dashboard.annotations.list.map(({ name, expr }) => ({ where: `${dashboard.uid} annotation ${name}`, expr })),
  ...dashboard.templating.list.flatMap((variable) => {
    const expr = selectorOf(variable);
    return expr === undefined ? [] : [{ where: `${dashboard.uid} variable ${variable.name}`, expr }];
  }),
]);

/** Published by Prometheus about itself and about what it scrapes, by Alertmanager, and by every process of ours. */
const FOREIGN = [
  "up",
  "ALERTS",
  "prometheus_rule_evaluation_failures_total",
  "prometheus_rule_group_last_duration_seconds",
  "prometheus_rule_group_interval_seconds",
  "alertmanager_notifications_total",
  "alertmanager_notifications_failed_total",
  "process_resident_memory_bytes",
  "process_cpu_seconds_total",
];

/** In the catalogues, and neither in a rule nor in a panel, on purpose: detail for a closer look. */
const DETAIL: string[] = [
  // The age says the same, and needs no clock.
  "pitcrew_worker_start_time_seconds",
];

const catalogue = [...EXPORTER_CATALOGUE, ...REMEDIATOR_CATALOGUE].flatMap(({ name, type }) =>
  type === "histogram" ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
);

describe("every query", () => {
  test.each(Object.entries(CHOICES))("is accepted by promtool when %s is chosen", async (_, chosen) => {
    const directory = temporaryDirectory("pitcrew-queries-");
    const rules = queries.map(({ expr }, index) => ({ record: `query:${index}`, expr: substituted(expr, chosen) }));
    // JSON is YAML.
    writeFiles(directory, { "queries.yml": JSON.stringify({ groups: [{ name: "queries", rules }] }) });
    const { code, stdout, stderr } = await promtool(["check", "rules", join(directory, "queries.yml")]);
    const named = `${stdout}${stderr}`.replaceAll(
      /query:(\d+)/g,
      (text, index) => queries[Number(index)]?.where ?? text,
    );
    expect(code, named).toBe(0);
    expect(stdout).toContain(`${queries.length} rules found`);
  });

  test("asks for metrics of the catalogues, for records, or for the listed ones of others", () => {
    const known = new Set([...catalogue, ...recordings().map(({ record }) => record), ...FOREIGN]);
    const unknown = queries.flatMap(({ where, expr }) =>
      metricsIn(inOne(expr))
        .filter((name) => !known.has(name))
        .map((name) => `${where}: ${name}`),
    );
    expect(unknown).toEqual([]);
  });
});

describe("every metric of the catalogues", () => {
  const used = new Set(
    [
      ...queries.map(({ expr }) => inOne(expr)),
      ...allAlerts().map(({ expr }) => expr),
      ...recordings().map(({ expr }) => expr),
    ]
      .flatMap((expr) => metricsIn(expr))
      .map((name) => name.replace(/_(bucket|sum|count)$/, "")),
  );
  const names = [...EXPORTER_CATALOGUE, ...REMEDIATOR_CATALOGUE].map(({ name }) => name as string);

  test("is used in a rule or in a panel, or is listed as detail", () => {
    expect(names.filter((name) => !used.has(name) && !DETAIL.includes(name))).toEqual([]);
  });

  test("that is listed as detail is there, and used nowhere", () => {
    expect(DETAIL.filter((name) => used.has(name) || !names.includes(name))).toEqual([]);
  });

  test("of others that is listed is used", () => {
    expect(FOREIGN.filter((name) => !used.has(name))).toEqual([]);
  });

  test("that is recorded is shown: a record that no panel asks for costs for nothing", () => {
    const asked = new Set(queries.flatMap(({ expr }) => metricsIn(inOne(expr))));
    expect(recordings().filter(({ record }) => !asked.has(record))).toEqual([]);
  });
});

function inOne(expr: string): string {
  return substituted(expr, CHOICES.one as Chosen);
}

function metricsIn(expr: string): string[] {
  return selectorsOf(expr).map(({ metric }) => metric);
}
