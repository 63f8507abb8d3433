// The rule files as the guard and the precheck use them: the same files that Prometheus evaluates.
import { readFileSync } from "node:fs";
import { REMEDIATIONS, type Remediation } from "../../config/config.ts";
import { parseDuration } from "../../config/units/duration.ts";
import { ACTIONABLE_METRICS } from "../../worker/sample.ts";
import { type Expr, labelsMentioned, metricsNamed } from "./expression.ts";
import { parseExpr } from "./parse.ts";
import { type Position, type RuleProblem, readRuleFile, type WrittenRule } from "./rule-file.ts";

export type { RuleProblem } from "./rule-file.ts";

/** A rule that asks for action, and that the guard can evaluate. */
export interface ActionableRule {
  alert: string;
  remediation: Remediation;
  expr: Expr;
  forSeconds: number;
  /** Static: none is a template. */
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  /** Evaluated by the guard even while the pipeline is healthy: the label `guard: always`. */
  guardAlways: boolean;
  file: string;
  line: number;
  column: number;
  /** The expression as written. */
  text: string;
}

/** A rule that asks for no action: for humans, or the heartbeat. */
export interface OtherRule {
  alert: string;
  file: string;
  line: number;
}

export interface RuleBook {
  rules: readonly ActionableRule[];
  other: readonly OtherRule[];
  problems: readonly RuleProblem[];
}

const HEARTBEAT = "heartbeat";
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
/** A scrape adds them, so local readings have none. */
const SCRAPE_LABELS = ["job", "instance"];

const SUBSET_REMEDY =
  "compare the exporter's metrics as they are (instant selectors, numbers, == != > < >= <=, and/or/unless, on/ignoring), " +
  "or take the label `remediation` away, so that the alert goes to people";

/**
 * Never throws. A rule with a problem is not in `rules`: an alert of that name is refused.
 * @param metrics all that local samples have.
 */
export function loadRules(files: readonly string[], metrics: readonly string[] = ACTIONABLE_METRICS): RuleBook {
  const rules = new Map<string, ActionableRule>();
  const other: OtherRule[] = [];
  const problems: RuleProblem[] = [];
  for (const file of new Set(files)) {
    const read = readText(file);
    if ("problem" in read) {
      problems.push(read.problem);
      continue;
    }
    const contents = readRuleFile(file, read.text);
    problems.push(...contents.problems);
    for (const written of contents.rules) {
      const where = { file, ...written.position(["alert"]) };
      if (!asksForAction(written)) {
        other.push({ alert: written.alert, file, line: where.line });
        continue;
      }
      const before = rules.get(written.alert);
      if (before !== undefined) {
        const first = `${before.file}:${before.line}`;
        problems.push({
          ...where,
          alert: written.alert,
          message: `the alert's name is taken at ${first}: give it its own`,
        });
        continue;
      }
      const rule = actionable(file, written, metrics, problems);
      if (rule !== undefined) rules.set(rule.alert, rule);
    }
  }
  for (const { alert, file, line } of other) {
    const rule = rules.get(alert);
    if (rule === undefined) continue;
    const message = `the alert's name is taken by a rule that asks for action, at ${rule.file}:${rule.line}: give it its own`;
    problems.push({ file, line, column: 1, alert, message });
  }
  const order = [...new Set(files)];
  const inOrder = (a: RuleProblem, b: RuleProblem) =>
    order.indexOf(a.file) - order.indexOf(b.file) || a.line - b.line || a.column - b.column;
  return { rules: [...rules.values()], other, problems: problems.toSorted(inOrder) };
}

function readText(file: string): { text: string } | { problem: RuleProblem } {
  try {
    return { text: readFileSync(file, "utf8") };
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const why = code === "ENOENT" ? "does not exist" : `cannot be read (${code ?? String(cause)})`;
    return {
      problem: { file, line: 1, column: 1, message: `the rule file ${why}: write another in remediator.guard.rules` },
    };
  }
}

function asksForAction(rule: WrittenRule): boolean {
  const remediation = labelOf(rule, "remediation");
  return remediation !== "" && remediation !== HEARTBEAT;
}

function actionable(
  file: string,
  written: WrittenRule,
  metrics: readonly string[],
  problems: RuleProblem[],
): ActionableRule | undefined {
  const before = problems.length;
  const complain = (position: Position, message: string) =>
    problems.push({ file, ...position, alert: written.alert, message });

  const wanted = labelOf(written, "remediation");
  const remediation = REMEDIATIONS.find((known) => known === wanted);
  if (remediation === undefined) {
    const known = [...REMEDIATIONS, HEARTBEAT].join(", ");
    complain(written.position(["labels", "remediation"]), `remediation: "${wanted}" is none of ${known}`);
  }
  const guard = labelOf(written, "guard");
  if (guard !== "" && guard !== "always") {
    complain(written.position(["labels", "guard"]), `guard: "${guard}" is not known: write "always", or leave it out`);
  }
  for (const [label, value] of Object.entries(written.labels)) {
    const position = written.position(["labels", label]);
    if (!LABEL_NAME.test(label)) complain(position, `"${label}" is not a label's name`);
    if (value.includes("{{"))
      complain(position, `${label}: a template; labels of a rule that asks for action are fixed`);
  }
  if (written.keepFiringFor !== undefined) {
    const why = "keep_firing_for would renew a worker that is healthy again: take it away";
    complain(written.position(["keep_firing_for"]), why);
  }
  const hold = parseDuration(written.for ?? "0s");
  if (!hold.ok) complain(written.position(["for"]), `for: ${hold.problem}`);

  const parsed = parseExpr(written.expr);
  if ("problem" in parsed) {
    complain(written.positionInExpr(parsed.problem.offset), `expr: ${parsed.problem.message}: ${SUBSET_REMEDY}`);
    return undefined;
  }
  const foreign = SCRAPE_LABELS.filter((label) => labelsMentioned(parsed.ok).has(label));
  if (foreign.length > 0) {
    const why = `expr: mentions ${foreign.join(" and ")}, which only a scrape adds: use host, worker and group`;
    complain(written.position(["expr"]), why);
  }
  const unknown = [...metricsNamed(parsed.ok)].filter((metric) => !metrics.includes(metric));
  if (unknown.length > 0) {
    const why = `expr: ${unknown.join(" and ")}: not evaluated locally, so the rule could never act: use ${metrics.join(", ")}`;
    complain(written.position(["expr"]), why);
  }
  if (problems.length > before || remediation === undefined || !hold.ok) return undefined;
  return {
    alert: written.alert,
    remediation,
    expr: parsed.ok,
    forSeconds: hold.value,
    labels: written.labels,
    annotations: written.annotations,
    guardAlways: guard === "always",
    file,
    ...written.position(["alert"]),
    text: written.expr.trim(),
  };
}

function labelOf(rule: WrittenRule, label: string): string {
  return Object.hasOwn(rule.labels, label) ? (rule.labels[label] ?? "") : "";
}
