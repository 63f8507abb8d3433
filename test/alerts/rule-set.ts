// The rule files and their unit tests as data, for the tests of alerts/.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

export const ALERTS = join(import.meta.dirname, "../../alerts");

/** By audience, in the order of the runbook. */
export const RULE_FILES = [
  "workers.rules.yml",
  "escalation.rules.yml",
  "pipeline.rules.yml",
  "recording.rules.yml",
] as const;
export const ALERT_FILES = RULE_FILES.filter((file) => file !== "recording.rules.yml");

export interface Rule {
  file: string;
  group: string;
  alert: string;
  expr: string;
  for: string;
  keep_firing_for?: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

export interface Recording {
  record: string;
  expr: string;
  labels?: Record<string, string>;
}

export interface AlertCheck {
  eval_time: string;
  alertname: string;
  exp_alerts?: { exp_labels: Record<string, string>; exp_annotations: Record<string, string> }[];
}

export interface UnitTest {
  name: string;
  interval: string;
  input_series: { series: string; values: string }[];
  alert_rule_test?: AlertCheck[];
  promql_expr_test?: { eval_time: string; expr: string; exp_samples: { labels: string; value: number }[] }[];
}

export interface UnitTests {
  rule_files: string[];
  evaluation_interval: string;
  tests: UnitTest[];
}

export function textOf(file: string): string {
  return readFileSync(join(ALERTS, file), "utf8");
}

function groupsOf(file: string) {
  return (parse(textOf(file)) as { groups: { name: string; rules: unknown[] }[] }).groups;
}

export function alertsOf(file: string): Rule[] {
  return groupsOf(file).flatMap(({ name, rules }) =>
    (rules as Omit<Rule, "file" | "group">[]).map((rule) => ({ ...rule, file, group: name })),
  );
}

export function allAlerts(): Rule[] {
  return ALERT_FILES.flatMap(alertsOf);
}

export function recordings(): Recording[] {
  return groupsOf("recording.rules.yml").flatMap(({ rules }) => rules as Recording[]);
}

/** `escalation.rules.yml` → the contents of `escalation.test.yml`. */
export function unitTestsOf(file: string): UnitTests {
  return parse(textOf(unitTestFile(file))) as UnitTests;
}

export function unitTestFile(file: string): string {
  return file.replace(".rules.yml", ".test.yml");
}

export function asksForAction({ labels }: Pick<Rule, "labels">): boolean {
  return labels.remediation !== undefined && labels.remediation !== "heartbeat";
}

/** `3h59m45s` → seconds. */
export function secondsOf(duration: string): number {
  const unit: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 };
  let seconds = 0;
  for (const [, digits = "0", name = "s"] of duration.matchAll(/(\d+)(ms|[smhd])/g))
    seconds += Number(digits) * (unit[name] ?? 1);
  return seconds;
}
