// The precheck: does an alert's own rule hold for its target on a fresh reading? Without `for`: that was waited for already.
import type { Sample } from "../../worker/sample.ts";
import { alertLabels } from "./alert-labels.ts";
import { type Element, evaluate, measure } from "./evaluate.ts";
import type { ActionableRule } from "./rules.ts";

export interface ConditionTarget {
  host: string;
  /** Undefined: the host itself; a series with a worker label is not about it. */
  worker?: string;
}

/** `value` is the measured side and `limit` the other one, where the rule is (or begins with) a comparison. */
export type Condition =
  | { kind: "true"; value: number; limit?: number }
  | { kind: "false"; value?: number; limit?: number }
  | { kind: "unevaluable"; why: string };

export function conditionHolds(rule: ActionableRule, samples: readonly Sample[], target: ConditionTarget): Condition {
  const result = evaluate(rule.expr, samples);
  if ("error" in result) return { kind: "unevaluable", why: result.error };
  const isAboutTarget = (element: Element): boolean => {
    const labels = alertLabels(rule, element.labels);
    return labels.host === target.host && labels.worker === target.worker;
  };
  const holding = result.ok.find(isAboutTarget);
  if (holding !== undefined) return { kind: "true", ...figures(holding) };
  const measured = measure(rule.expr, samples).find(isAboutTarget);
  return measured === undefined ? { kind: "false" } : { kind: "false", ...figures(measured) };
}

function figures({ value, against }: Element): { value: number; limit?: number } {
  return against === undefined ? { value } : { value, limit: against };
}
