// What PromQL has and the guard's subset has not, in the words that a rule's author gets to read.
import type { ComparisonOperator, SetOperator } from "./expression.ts";

/** The grammar's names of the operators in the subset. */
export const BINARY_OPERATOR_NODES: ReadonlyMap<string, ComparisonOperator | SetOperator> = new Map<
  string,
  ComparisonOperator | SetOperator
>([
  ["Eql", "=="],
  ["Neq", "!="],
  ["Gtr", ">"],
  ["Lss", "<"],
  ["Gte", ">="],
  ["Lte", "<="],
  ["And", "and"],
  ["Or", "or"],
  ["Unless", "unless"],
]);

/** Words that one version of PromQL or another does not take as a metric's name. */
export const KEYWORDS: ReadonlySet<string> = new Set(
  [
    "and or unless atan2 offset by without on ignoring group_left group_right bool start end inf nan",
    "sum avg count min max group stddev stdvar topk bottomk count_values quantile limitk limit_ratio",
    "smoothed anchored fill fill_left fill_right step range",
  ].flatMap((words) => words.split(" ")),
);

/** Words that Prometheus 2 does not take as a label in `on (…)`. */
export const NO_GROUPING_LABELS: ReadonlySet<string> = new Set(["without", "inf", "nan"]);

const WHAT: ReadonlyMap<string, string> = new Map([
  ["AggregateExpr", "an aggregation"],
  ["FunctionCall", "a function"],
  ["MatrixSelector", "a range"],
  ["SubqueryExpr", "a subquery"],
  ["OffsetExpr", "offset"],
  ["StepInvariantExpr", "@"],
  ["StringLiteral", "a string"],
  ["UnaryExpr", "the sign of a metric"],
  ["BoolModifier", "bool, which makes every series an alert,"],
  ["FillModifier", "fill"],
  ["GroupLeft", "many-to-one matching"],
  ["GroupRight", "one-to-many matching"],
  ["QuotedLabelName", "a quoted name"],
  ["QuotedLabelMatcher", "a quoted name"],
  ["arithmetic", "arithmetic"],
]);

/** @param kind the grammar's name of the construct, or `arithmetic`. */
export function outside(kind: string, text: string): string {
  const shown = text.length > 60 ? `${text.slice(0, 57)}…` : text;
  return `${WHAT.get(kind) ?? "this"} (${shown.replaceAll(/\s+/g, " ")}) is outside the guard's subset`;
}
