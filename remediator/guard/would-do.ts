// What the rules would ask for at this moment, for `pitcrew check`: every rule once, without its `for`.
import type { Remediation } from "../../config/config.ts";
import type { Sample } from "../../worker/sample.ts";
import { alertLabels } from "./alert-labels.ts";
import { evaluate } from "./evaluate.ts";
import type { ActionableRule } from "./rules.ts";

export interface WouldDo {
  alert: string;
  remediation: Remediation;
  /** Absent: the host itself. */
  worker?: string;
  value: number;
  /** What `value` was compared with; undefined for a rule without a comparison. */
  limit: number | undefined;
  /** How long it would have to last. */
  forSeconds: number;
}

export function wouldDoNow(rules: readonly ActionableRule[], samples: readonly Sample[]): WouldDo[] {
  return rules.flatMap((rule) => {
    const result = evaluate(rule.expr, samples);
    if ("error" in result) return [];
    return result.ok.map(({ labels, value, against }) => {
      const worker = alertLabels(rule, labels).worker;
      const { alert, remediation, forSeconds } = rule;
      const did = { alert, remediation, value, limit: against, forSeconds };
      return worker === undefined ? did : { ...did, worker };
    });
  });
}

/** Rules that cannot be evaluated on these samples, as when several series match one. */
export function unevaluableNow(
  rules: readonly ActionableRule[],
  samples: readonly Sample[],
): { alert: string; why: string }[] {
  return rules.flatMap((rule) => {
    const result = evaluate(rule.expr, samples);
    return "error" in result ? [{ alert: rule.alert, why: result.error }] : [];
  });
}
