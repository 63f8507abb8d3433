// An instant query over local samples, with the results of Prometheus' own engine: labels, NaN, matching and its errors.
import type { Sample } from "../../worker/sample.ts";
import type { Selector, SetOperation } from "./expression.ts";
import {
  type Comparison,
  type ComparisonOperator,
  type Expr,
  type Matching,
  METRIC_NAME,
  matches,
} from "./expression.ts";

export type Labels = Readonly<Record<string, string>>;

/** One series of a result. */
export interface Element {
  /** With `__name__`, unless `on` dropped it. No label is empty. */
  labels: Labels;
  value: number;
  /** What `value` was compared with, when it comes from a comparison. */
  against?: number;
}

export type Result = { ok: readonly Element[] } | { error: string };

/** Both sides of a comparison for one series, and whether it holds. */
interface Pair extends Element {
  against: number;
  holds: boolean;
  signature: string;
}

/** Prometheus fails the whole query, not only the group of series that is ambiguous. */
class MatchingError extends Error {}

/** @param samples at most one per series, as an exposition has it. An empty label is the same as an absent one. */
export function evaluate(expr: Expr, samples: readonly Sample[]): Result {
  try {
    return { ok: vectorOf(expr, samples) };
  } catch (error) {
    if (error instanceof MatchingError) return { error: error.message };
    throw error;
  }
}

/**
 * What an expression's leading comparison measures, whether it holds or not: the top-level comparison, or the one that
 * the result of `and` and `unless` takes its values from. Nothing for `or`, where there is no one such comparison.
 */
export function measure(expr: Expr, samples: readonly Sample[]): readonly Element[] {
  if (expr.kind === "selector") return [];
  if (expr.kind === "set") return expr.op === "or" ? [] : measure(expr.left, samples);
  try {
    return pairsOf(expr, samples).map(({ labels, value, against }) => ({ labels, value, against }));
  } catch (error) {
    if (error instanceof MatchingError) return [];
    throw error;
  }
}

function vectorOf(expr: Expr, samples: readonly Sample[]): readonly Element[] {
  switch (expr.kind) {
    case "selector":
      return select(expr, samples);
    case "comparison":
      return compare(expr, samples);
    case "set":
      return combine(expr, samples);
  }
}

function select(selector: Selector, samples: readonly Sample[]): readonly Element[] {
  const found: Element[] = [];
  for (const sample of samples) {
    const labelValue = (label: string) => (label === METRIC_NAME ? sample.name : labelOf(sample.labels, label));
    if (selector.matchers.every((matcher) => matches(matcher, labelValue(matcher.label)))) {
      const present = Object.entries(sample.labels).filter(([, value]) => value !== "");
      found.push({ labels: Object.fromEntries([[METRIC_NAME, sample.name], ...present]), value: sample.value });
    }
  }
  return found;
}

function compare(expr: Comparison, samples: readonly Sample[]): readonly Element[] {
  const found: Element[] = [];
  const matched = new Set<string>();
  const oneToOne = expr.left.kind !== "number" && expr.right.kind !== "number";
  for (const { labels, value, against, holds, signature } of pairsOf(expr, samples)) {
    if (!holds) continue;
    if (oneToOne && matched.has(signature)) {
      throw new MatchingError(
        "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)",
      );
    }
    matched.add(signature);
    found.push({ labels, value, against });
  }
  return found;
}

function pairsOf(expr: Comparison, samples: readonly Sample[]): readonly Pair[] {
  const { left, right, op, matching } = expr;
  if (left.kind === "number") {
    // The vector's value is the result's value, on whichever side it stands.
    if (right.kind === "number") return [];
    return vectorOf(right, samples).map(({ labels, value }) => {
      return { labels, value, against: left.value, holds: holds(op, left.value, value), signature: "" };
    });
  }
  const lefts = vectorOf(left, samples);
  if (right.kind === "number") {
    return lefts.map(({ labels, value }) => {
      return { labels, value, against: right.value, holds: holds(op, value, right.value), signature: "" };
    });
  }
  const rights = vectorOf(right, samples);
  if (lefts.length === 0 || rights.length === 0) return [];
  const bySignature = new Map<string, Element>();
  for (const element of rights) {
    const signature = signatureOf(element.labels, matching);
    if (bySignature.has(signature)) {
      throw new MatchingError(
        "found duplicate series for a match group on the right hand-side of the operation: matching labels must be unique on one side",
      );
    }
    bySignature.set(signature, element);
  }
  const pairs: Pair[] = [];
  for (const { labels, value } of lefts) {
    const signature = signatureOf(labels, matching);
    const against = bySignature.get(signature)?.value;
    if (against === undefined) continue;
    pairs.push({ labels: kept(labels, matching), value, against, holds: holds(op, value, against), signature });
  }
  return pairs;
}

function combine(expr: SetOperation, samples: readonly Sample[]): readonly Element[] {
  const lefts = vectorOf(expr.left, samples);
  const rights = vectorOf(expr.right, samples);
  const signatures = (elements: readonly Element[]) =>
    new Set(elements.map((e) => signatureOf(e.labels, expr.matching)));
  switch (expr.op) {
    case "and": {
      const right = signatures(rights);
      return lefts.filter((element) => right.has(signatureOf(element.labels, expr.matching)));
    }
    case "unless": {
      const right = signatures(rights);
      return lefts.filter((element) => !right.has(signatureOf(element.labels, expr.matching)));
    }
    case "or": {
      const left = signatures(lefts);
      return [...lefts, ...rights.filter((element) => !left.has(signatureOf(element.labels, expr.matching)))];
    }
  }
}

function holds(op: ComparisonOperator, left: number, right: number): boolean {
  switch (op) {
    case "==":
      return left === right;
    case "!=":
      return left !== right;
    case ">":
      return left > right;
    case "<":
      return left < right;
    case ">=":
      return left >= right;
    case "<=":
      return left <= right;
  }
}

/** The labels that two elements must share; never the metric's name, unless `on` lists it. */
function signatureOf(labels: Labels, matching: Matching): string {
  if (matching.kind === "on") return JSON.stringify(matching.labels.map((label) => labelOf(labels, label)));
  const left = Object.entries(labels).filter(([label]) => label !== METRIC_NAME && !matching.labels.includes(label));
  return JSON.stringify(left.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A one-to-one comparison drops the labels that it does not match by; the metric's name stays without `on`. */
function kept(labels: Labels, matching: Matching): Labels {
  const on = matching.kind === "on";
  return Object.fromEntries(Object.entries(labels).filter(([label]) => matching.labels.includes(label) === on));
}

function labelOf(labels: Labels, label: string): string {
  return Object.hasOwn(labels, label) ? (labels[label] ?? "") : "";
}
