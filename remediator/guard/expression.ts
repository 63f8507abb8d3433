// The guard's subset of PromQL as data. A top-level expression is always a vector: a number alone is no condition.

export const COMPARISONS = ["==", "!=", ">", "<", ">=", "<="] as const;
export type ComparisonOperator = (typeof COMPARISONS)[number];

export const SET_OPERATORS = ["and", "or", "unless"] as const;
export type SetOperator = (typeof SET_OPERATORS)[number];

export type Matcher =
  | { op: "=" | "!="; label: string; value: string }
  /** `regexp` is `value` fully anchored. */
  | { op: "=~" | "!~"; label: string; value: string; regexp: RegExp };

/** Which labels two elements must share. Without a clause: `ignoring ()`, that is all but the metric's name. */
export interface Matching {
  kind: "on" | "ignoring";
  labels: readonly string[];
}

/** The metric's name is a matcher like the others, on `__name__`. */
export interface Selector {
  kind: "selector";
  matchers: readonly Matcher[];
}

export interface NumberLiteral {
  kind: "number";
  value: number;
}

export type Operand = Expr | NumberLiteral;

/** A filter: elements for which it is false are left out. At most one side is a number. */
export interface Comparison {
  kind: "comparison";
  op: ComparisonOperator;
  left: Operand;
  right: Operand;
  matching: Matching;
}

export interface SetOperation {
  kind: "set";
  op: SetOperator;
  left: Expr;
  right: Expr;
  matching: Matching;
}

export type Expr = Selector | Comparison | SetOperation;

export const METRIC_NAME = "__name__";

export function matches(matcher: Matcher, value: string): boolean {
  switch (matcher.op) {
    case "=":
      return value === matcher.value;
    case "!=":
      return value !== matcher.value;
    case "=~":
      return matcher.regexp.test(value);
    case "!~":
      return !matcher.regexp.test(value);
  }
}

/** Every label that an expression selects or matches by, and so depends on. */
export function labelsMentioned(expr: Operand): ReadonlySet<string> {
  switch (expr.kind) {
    case "number":
      return new Set();
    case "selector":
      return new Set(expr.matchers.map((matcher) => matcher.label));
    case "comparison":
    case "set":
      return new Set([...expr.matching.labels, ...labelsMentioned(expr.left), ...labelsMentioned(expr.right)]);
  }
}

/** Every metric that an expression names outright; one chosen by a pattern is not among them. */
export function metricsNamed(expr: Operand): ReadonlySet<string> {
  switch (expr.kind) {
    case "number":
      return new Set();
    case "selector":
      return new Set(expr.matchers.filter((m) => m.label === METRIC_NAME && m.op === "=").map((m) => m.value));
    case "comparison":
    case "set":
      return new Set([...metricsNamed(expr.left), ...metricsNamed(expr.right)]);
  }
}
