// Whether the unit tests would notice: every rule is altered, one thing at a time, and each time a test must fail.
import { join } from "node:path";
import { expect, test } from "vitest";
import { EXPORTER_CATALOGUE } from "../../exporter/catalogue/catalogue.ts";
import { REMEDIATOR_CATALOGUE } from "../../remediator/catalogue.ts";
import { ACTIONABLE_METRICS } from "../../worker/sample.ts";
import { promtool, writeFiles } from "../support/prometheus.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { type Alerting, mutantsOf } from "./mutants.ts";
import { ALERT_FILES, alertsOf, asksForAction, type Rule, secondsOf, type UnitTests, unitTestsOf } from "./rule-set.ts";

const ALL_METRICS = [...EXPORTER_CATALOGUE, ...REMEDIATOR_CATALOGUE].map(({ name }) => name);

test.each(ALERT_FILES)("a rule of %s with one thing wrong fails its unit tests, whatever it is", async (file) => {
  const rules = alertsOf(file).filter(({ alert }) => alert !== "PitcrewHeartbeat");
  const directory = temporaryDirectory("pitcrew-mutants-");
  const found = rules.map((rule) => write(directory, file, rule));
  expect(found.reduce((sum, { mutants }) => sum + mutants.length, 0)).toBeGreaterThan(80);
  expect(await survivors(found)).toEqual([]);
});

/** The rule as it is, and its mutants, each under a name of its own, side by side in one rule file over the same series. */
interface Litter {
  directory: string;
  tests: UnitTests;
  rule: Rule;
  mutants: { id: string; what: string; rule: Alerting }[];
  /** Not yet known to fail. */
  alive: Set<string>;
}

function write(parent: string, file: string, rule: Rule): Litter {
  const tests = unitTestsOf(file);
  const metrics = asksForAction(rule) ? ACTIONABLE_METRICS : ALL_METRICS;
  const mutants = mutantsOf(rule, { metrics, stepSeconds: secondsOf(tests.evaluation_interval) }).map(
    (mutant, index) => ({ ...mutant, id: `${rule.alert}_${index + 1}` }),
  );
  const alive = new Set(mutants.map(({ id }) => id));
  return { directory: join(parent, rule.alert), tests, rule, mutants, alive };
}

/**
 * Those that no test notices. The rule itself is among the mutants and must pass, and a failure counts only for the mutant that it names: so
 * a batch that does not load, or fails for another reason, is noticed by nobody. A mutant that cannot even be evaluated ends the run of all, so that the rest runs again without it.
 */
async function survivors(litters: readonly Litter[]): Promise<string[]> {
  let running = litters;
  while (running.length > 0) {
    const halves = [running.filter((_, index) => index % 2 === 0), running.filter((_, index) => index % 2 === 1)];
    const outputs = await Promise.all(halves.filter((half) => half.length > 0).map(run));
    const output = outputs.join("");
    running = running.filter((litter) => {
      const { alert } = litter.rule;
      expect(new RegExp(`.*\\b${alert}_0\\b.*`).exec(output)?.[0], `${alert} as it is`).toBeUndefined();
      const unevaluable = [...litter.alive].filter((id) => output.includes(`rule: ${id},`));
      const failed = [...litter.alive].filter((id) => new RegExp(`alertname: ${id},|"${id}\\\\?"`).test(output));
      for (const id of [...unevaluable, ...failed]) litter.alive.delete(id);
      return unevaluable.length > 0;
    });
  }
  return litters.flatMap(({ rule, mutants, alive }) =>
    mutants.filter(({ id }) => alive.has(id)).map(({ what }) => `${rule.alert}: ${what}`),
  );
}

async function run(litters: readonly Litter[]): Promise<string> {
  const paths = litters.map(({ directory, tests, rule, mutants, alive }) => {
    const original = { id: `${rule.alert}_0`, rule };
    const all = [original, ...mutants.filter(({ id }) => alive.has(id))];
    // Without annotations: no mutant alters them, and their queries take most of the time.
    const rules = all.map(({ id, rule: { expr, for: wait, keep_firing_for: keep, labels } }) => ({
      alert: id,
      expr,
      for: wait,
      labels,
      ...(keep === undefined ? {} : { keep_firing_for: keep }),
    }));
    const ids = all.map(({ id }) => id);
    writeFiles(directory, {
      "mutants.rules.yml": JSON.stringify({ groups: [{ name: "mutants", rules }] }),
      "mutants.test.yml": JSON.stringify(testsOfEach(tests, rule.alert, ids)),
    });
    return join(directory, "mutants.test.yml");
  });
  const { stdout, stderr } = await promtool(["test", "rules", ...paths]);
  return stdout + stderr;
}

/** What is asked about the rule is asked about each; what is asked about other rules is left out. */
function testsOfEach(all: UnitTests, alert: string, ids: readonly string[]): UnitTests {
  const tests = all.tests.map((unit) => ({
    ...unit,
    alert_rule_test: (unit.alert_rule_test ?? [])
      .filter(({ alertname }) => alertname === alert)
      .flatMap(({ eval_time, exp_alerts = [] }) => {
        const expected = exp_alerts.map(({ exp_labels }) => ({ exp_labels, exp_annotations: {} }));
        return ids.map((id) => ({ eval_time, alertname: id, exp_alerts: expected }));
      }),
    promql_expr_test: (unit.promql_expr_test ?? []).flatMap((check) =>
      ids.map((id) => ({
        ...check,
        expr: check.expr.replaceAll("ALERTS{", `ALERTS{alertname="${id}", `),
        exp_samples: check.exp_samples
          .filter(({ labels }) => labels.includes(`"${alert}"`))
          .map((sample) => ({ ...sample, labels: sample.labels.replace(`"${alert}"`, `"${id}"`) })),
      })),
    ),
  }));
  return {
    rule_files: ["mutants.rules.yml"],
    evaluation_interval: all.evaluation_interval,
    tests: tests.filter((unit) => unit.alert_rule_test.length + unit.promql_expr_test.length > 0),
  };
}
