// The rules for people, and what every alert of every file is tested for.
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { promtool, writeFiles } from "../support/prometheus.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import {
  ALERT_FILES,
  ALERTS,
  alertsOf,
  allAlerts,
  RULE_FILES,
  recordings,
  secondsOf,
  textOf,
  unitTestFile,
  unitTestsOf,
} from "./rule-set.ts";

/** severity and `for`. */
const ESCALATION: Record<string, [string, string]> = {
  PitcrewWorkerStillOverLimit: ["critical", "5m"],
  PitcrewWorkerStillDown: ["critical", "5m"],
  PitcrewSystemStillLow: ["critical", "3m"],
  PitcrewWorkerMemoryForecast: ["info", "10m"],
};
const PIPELINE: Record<string, [string, string]> = {
  PitcrewRemediationFailed: ["warning", "0s"],
  PitcrewRemediationIneffective: ["warning", "0s"],
  PitcrewBudgetSpent: ["warning", "5m"],
  PitcrewWorkerQuarantined: ["warning", "0s"],
  PitcrewRestartStorm: ["warning", "0s"],
  PitcrewHostTooSmall: ["critical", "0s"],
  PitcrewPausedForLong: ["warning", "4h"],
  PitcrewExporterDown: ["warning", "1m"],
  PitcrewRemediatorDown: ["critical", "1m"],
  PitcrewCollectorFailing: ["warning", "2m"],
  PitcrewConfigurationReloadFailed: ["warning", "1m"],
  PitcrewHeartbeatStale: ["warning", "1m"],
  PitcrewAlertmanagerDeliveriesFailing: ["warning", "2m"],
  PitcrewRuleEvaluationFailing: ["warning", "0s"],
  PitcrewJournalNotWritable: ["critical", "1m"],
  PitcrewWorkerMetricsMissing: ["warning", "2m"],
};

describe("promtool", () => {
  test("accepts every rule file, without a lint remark", async () => {
    const files = RULE_FILES.map((file) => join(ALERTS, file));
    const { code, stderr } = await promtool(["check", "rules", "--lint=all", "--lint-fatal", ...files]);
    expect(stderr).toBe("");
    expect(code).toBe(0);
  });

  test("finds that the unit tests of every file hold", async () => {
    const files = RULE_FILES.map((file) => join(ALERTS, unitTestFile(file)));
    const { code, stdout, stderr } = await promtool(["test", "rules", ...files]);
    expect(code, stdout + stderr).toBe(0);
  });

  test("finds that they hold where a range leaves out its first moment, as since Prometheus 3", async () => {
    // Every time stamp is a whole millisecond: a range that is one shorter holds just what the half-open one does.
    const directory = temporaryDirectory("pitcrew-half-open-");
    for (const file of RULE_FILES) {
      const rules = textOf(file).replaceAll(
        /\[(\d+[smhd])\]/g,
        (_, range: string) => `[${secondsOf(range) * 1000 - 1}ms]`,
      );
      writeFiles(directory, { [file]: rules, [unitTestFile(file)]: textOf(unitTestFile(file)) });
    }
    const files = RULE_FILES.map((file) => join(directory, unitTestFile(file)));
    const { code, stdout, stderr } = await promtool(["test", "rules", ...files]);
    expect(code, stdout + stderr).toBe(0);
  });
});

describe("the rules for people", () => {
  test.each([
    ["escalation.rules.yml", ESCALATION],
    ["pipeline.rules.yml", PIPELINE],
  ])("in %s are the promised ones, with the promised severity and wait, and ask for no action", (file, promised) => {
    const found = alertsOf(file).map((rule) => [rule.alert, [rule.labels.severity, rule.for]]);
    expect(Object.fromEntries(found)).toEqual(promised);
    for (const { alert, labels } of alertsOf(file)) {
      expect(labels, alert).not.toHaveProperty("remediation");
      expect(labels, alert).not.toHaveProperty("guard");
    }
  });

  test("name at the top of their file every threshold that is not a metric of pitcrew", () => {
    for (const [file, thresholds] of [
      ["escalation.rules.yml", ["1m", "5m", "3m", "30m", "1800", "3600"]],
      ["pipeline.rules.yml", ["1m", "1d", "15m", "3 in 1h", "240s", "4h"]],
    ] as const) {
      const top = textOf(file).slice(0, textOf(file).indexOf("groups:"));
      for (const threshold of thresholds) expect(top, file).toContain(threshold);
    }
  });

  test("still count a value for a minute after its last scrape: no instant selector of a gauge resolves an alert", () => {
    for (const { alert, expr } of [...alertsOf("escalation.rules.yml"), ...alertsOf("pipeline.rules.yml")]) {
      const instant = [...expr.matchAll(/\bpitcrew_\w+(\{[^}]*\})?(?!\w|\{|\[)/g)].map(([text]) => text);
      expect(instant, alert).toEqual([]);
    }
  });
});

describe("the unit tests", () => {
  const cases = ALERT_FILES.flatMap((file) => unitTestsOf(file).tests);
  /** Moments of one test at which an alert is asked about, in time's order. */
  const asked = (alert: string) =>
    cases.map((unit) => ({
      series: unit.input_series,
      checks: [
        ...(unit.alert_rule_test ?? [])
          .filter(({ alertname }) => alertname === alert)
          .map(({ eval_time, exp_alerts }) => ({ at: secondsOf(eval_time), fires: (exp_alerts ?? []).length > 0 })),
        ...(unit.promql_expr_test ?? []).map(({ eval_time, exp_samples }) => ({
          at: secondsOf(eval_time),
          fires: exp_samples.some(({ labels }) => labels.includes(`"${alert}"`)),
        })),
      ].sort((a, b) => a.at - b.at),
    }));

  test.each(allAlerts().map(({ alert }) => alert))(
    "of %s see it fire, hold, resolve, and survive a failed scrape",
    (alert) => {
      const tests = asked(alert);
      const turns = (first: boolean, then: boolean) =>
        tests.filter(({ checks }) =>
          checks.some(
            ({ fires }, index) => fires === first && checks.slice(index + 1).some((next) => next.fires === then),
          ),
        );
      expect(turns(true, false).length, "firing, then silent").toBeGreaterThan(0);
      // It always fires while there is an exporter, and has nothing to wait for.
      if (alert === "PitcrewHeartbeat") return;
      expect(turns(false, true).length, "silent, then firing").toBeGreaterThan(0);
      const missed = tests.filter(
        ({ series, checks }) =>
          series.some(({ values }) => /\bstale\b|_/.test(values)) && checks.some(({ fires }) => fires),
      );
      expect(missed.length, "a failed scrape").toBeGreaterThan(0);
    },
  );

  test.each(allAlerts().filter((rule) => secondsOf(rule.for) > 0))(
    "of $alert see that it does not fire when Prometheus starts",
    (rule) => {
      const atStart = asked(rule.alert).filter(
        ({ checks }) => checks[0]?.at === 0 && !checks[0].fires && checks.some(({ fires }) => fires),
      );
      expect(atStart.length).toBeGreaterThan(0);
    },
  );

  test("ask for every recording", () => {
    const exprs = unitTestsOf("recording.rules.yml").tests.flatMap((unit) => unit.promql_expr_test ?? []);
    for (const { record } of recordings())
      expect(
        exprs.some(({ expr }) => expr.includes(record)),
        record,
      ).toBe(true);
  });
});
