// The guard and Prometheus, on the same rules and the same series, second by second: the same alerts fire.
import { join } from "node:path";
import { expect, test } from "vitest";
import { Guard } from "../../remediator/guard/guard.ts";
import { loadRules } from "../../remediator/guard/rules.ts";
import { promtool, writeFiles } from "../support/prometheus.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { ALERTS, alertsOf, asksForAction, RULE_FILES, secondsOf, type UnitTest, unitTestsOf } from "./rule-set.ts";
import { expand, samplesOf } from "./series.ts";

const FILE = "workers.rules.yml";

/** `firing` by the guard at each evaluation, as promtool writes what it expects. */
function expectations(unit: UnitTest, step: number) {
  const checks = [...(unit.alert_rule_test ?? []), ...(unit.promql_expr_test ?? [])];
  const end = Math.max(...checks.map(({ eval_time }) => secondsOf(eval_time)));
  const rules = loadRules([join(ALERTS, FILE)]);
  const seen = samplesOf(unit);
  const guard = new Guard({ rules, when: "always", heartbeatTimeoutSeconds: 180 });
  return Array.from({ length: end / step + 1 }, (_, index) => {
    const { notices, problems } = guard.tick(seen(index * step), index * step, {});
    expect(problems, unit.name).toEqual([]);
    const firing = notices.filter(({ status }) => status === "firing").map(({ labels }) => labels);
    return {
      eval_time: `${index * step}s`,
      expr: 'max without (job, instance) (ALERTS{alertstate="firing", remediation!="heartbeat"})',
      exp_samples: firing.map((labels) => ({ labels: selector({ ...labels, alertstate: "firing" }), value: 1 })),
    };
  });
}

function selector(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return `{${pairs.join(", ")}}`;
}

test("over the series of every unit test of every file, at every evaluation, the guard's alerts are those of Prometheus", async () => {
  const directory = temporaryDirectory("pitcrew-parity-");
  const compared = RULE_FILES.flatMap((file) => {
    const { evaluation_interval, tests: units } = unitTestsOf(file);
    const tests = units.map((unit) => ({
      name: unit.name,
      interval: unit.interval,
      input_series: unit.input_series,
      promql_expr_test: expectations(unit, secondsOf(evaluation_interval)),
    }));
    const contents = { rule_files: [join(ALERTS, FILE)], evaluation_interval, tests };
    writeFiles(directory, { [`${file}.test.yml`]: JSON.stringify(contents) });
    return tests;
  });
  const files = RULE_FILES.map((file) => join(directory, `${file}.test.yml`));
  const { code, stdout, stderr } = await promtool(["test", "rules", ...files]);
  expect(code, stdout + stderr).toBe(0);

  // Agreement on nothing at all would be cheap: each rule fires somewhere, and does not fire elsewhere.
  const steps = compared.flatMap(({ promql_expr_test }) => promql_expr_test);
  for (const { alert } of alertsOf(FILE).filter(asksForAction)) {
    const firing = steps.filter(({ exp_samples }) => exp_samples.some(({ labels }) => labels.includes(`"${alert}"`)));
    expect(firing.length, alert).toBeGreaterThan(0);
    expect(firing.length, alert).toBeLessThan(steps.length);
  }
});

test("the reader of promtool's notation counts as promtool does", () => {
  expect(expand("1x2 _ stale 5+10x1 7-2x2 _x2 3")).toEqual([
    1,
    1,
    1,
    undefined,
    "stale",
    5,
    15,
    7,
    5,
    3,
    undefined,
    undefined,
    3,
  ]);
  expect(() => expand("1y3")).toThrow("not a value");
});
