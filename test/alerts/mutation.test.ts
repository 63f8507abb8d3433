// Whether the unit tests would notice: every rule is altered, one thing at a time, and each time a test must fail.
import { join } from "node:path";
import { expect, test } from "vitest";
import { EXPORTER_CATALOGUE } from "../../exporter/catalogue.ts";
import { REMEDIATOR_CATALOGUE } from "../../remediator/catalogue.ts";
import { ACTIONABLE_METRICS } from "../../worker/sample.ts";
import { promtool, writeFiles } from "../support/prometheus.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { type Mutant, mutantsOf } from "./mutants.ts";
import { alertsOf, asksForAction, secondsOf, textOf, type UnitTests, unitTestFile, unitTestsOf } from "./rule-set.ts";

const ALL_METRICS = [...EXPORTER_CATALOGUE, ...REMEDIATOR_CATALOGUE].map(({ name }) => name);

test("an actionable rule with one thing wrong fails its unit tests, whatever it is", { timeout: 60_000 }, async () => {
  const mutants = mutantsFor("workers.rules.yml", ACTIONABLE_METRICS);
  expect(mutants.length).toBeGreaterThan(80);
  expect(await survivors("workers.rules.yml", mutants)).toEqual([]);
});

test("so does a rule of the escalation", { timeout: 120_000 }, async () => {
  const mutants = mutantsFor("escalation.rules.yml", ALL_METRICS);
  expect(mutants.length).toBeGreaterThan(80);
  expect(await survivors("escalation.rules.yml", mutants)).toEqual([]);
});

function mutantsFor(file: string, metrics: readonly string[]): Mutant[] {
  const rules = alertsOf(file).filter((rule) => asksForAction(rule) || rule.labels.remediation === undefined);
  const stepSeconds = secondsOf(unitTestsOf(file).evaluation_interval);
  return mutantsOf(textOf(file), rules, { metrics, stepSeconds });
}

/** Those that pass. Two promtools at a time, each with many files: its start takes longer than a run. */
async function survivors(file: string, mutants: readonly Mutant[]): Promise<string[]> {
  const directory = temporaryDirectory("pitcrew-mutants-");
  const tests = unitTestsOf(file);
  const paths = mutants.map(({ alert, text }, index) => {
    const files = { [file]: text, [unitTestFile(file)]: JSON.stringify(testsOfOne(tests, alert)) };
    writeFiles(join(directory, String(index)), files);
    return join(directory, String(index), unitTestFile(file));
  });
  const halves = [paths.filter((_, index) => index % 2 === 0), paths.filter((_, index) => index % 2 === 1)];
  const results = await Promise.all(halves.map((half) => promtool(["test", "rules", ...half])));
  // Failures are told on stderr, so that a heading without SUCCESS under it is one.
  const verdicts = new Map<string, boolean>();
  for (const { stdout } of results) {
    for (const [, path = "", success] of stdout.matchAll(/^Unit Testing: +(\S+)\n( {2}SUCCESS)?/gm))
      verdicts.set(path, success !== undefined);
  }
  expect(verdicts.size).toBe(mutants.length);
  return mutants
    .filter((_, index) => verdicts.get(paths[index] ?? "") === true)
    .map(({ alert, what }) => `${alert}: ${what}`);
}

/** No rule sees another's alerts, so what is asked about the others is left out. */
function testsOfOne(all: UnitTests, alert: string): UnitTests {
  const tests = all.tests.map((unit) => ({
    ...unit,
    alert_rule_test: (unit.alert_rule_test ?? []).filter(({ alertname }) => alertname === alert),
    promql_expr_test: (unit.promql_expr_test ?? []).map((check) => ({
      ...check,
      exp_samples: check.exp_samples.filter(({ labels }) => labels.includes(`"${alert}"`)),
    })),
  }));
  return { ...all, tests: tests.filter((unit) => unit.alert_rule_test.length + unit.promql_expr_test.length > 0) };
}
