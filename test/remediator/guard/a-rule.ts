// Builds an actionable rule from what matters to a test.
import { parseExpr } from "../../../remediator/guard/parse.ts";
import type { ActionableRule } from "../../../remediator/guard/rules.ts";

export function aRule(wanted: Partial<Omit<ActionableRule, "expr">> = {}): ActionableRule {
  const text = wanted.text ?? "memory > limit";
  const parsed = parseExpr(text);
  if ("problem" in parsed) throw new Error(`${text}: ${parsed.problem.message}`);
  return {
    alert: "MemoryOverLimit",
    remediation: "restart",
    forSeconds: 0,
    labels: { remediation: "restart" },
    annotations: {},
    guardAlways: false,
    file: "workers.rules.yml",
    line: 1,
    column: 1,
    ...wanted,
    expr: parsed.ok,
    text,
  };
}
