// From a series of a rule's result to the labels of its alert, as Prometheus makes them.
import type { Labels } from "./evaluate.ts";
import { METRIC_NAME } from "./expression.ts";
import type { ActionableRule } from "./rules.ts";

/** The series' labels without the metric's name, the rule's own over them, and `alertname`. An empty label is none. */
export function alertLabels(rule: Pick<ActionableRule, "alert" | "labels">, series: Labels): Labels {
  const merged = new Map(Object.entries(series));
  merged.delete(METRIC_NAME);
  for (const [label, value] of Object.entries(rule.labels)) merged.set(label, value);
  merged.set("alertname", rule.alert);
  return Object.fromEntries([...merged].filter(([, value]) => value !== ""));
}

/** One text per set of labels, whatever their order. */
export function fingerprint(labels: Labels): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}
