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
    return pairsOf(expr, samples).map((pair) => elementOf(pair, expr));
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
  const exact = selector.matchers.find(({ label, op }) => label === METRIC_NAME && op === "=");
  const candidates = exact === undefined ? samples : (byName(samples).get(exact.value) ?? []);
  const others = selector.matchers.filter((matcher) => matcher !== exact);
  for (const sample of candidates) {
    if (others.every((matcher) => matches(matcher, labelValue(sample, matcher.label))))
      found.push({ labels: namedLabels(sample), value: sample.value });
  }
  return found;
}

function labelValue(sample: Sample, label: string): string {
  return label === METRIC_NAME ? sample.name : labelOf(sample.labels, label);
}

/** All rules of one look ask the same samples. */
const indices = new WeakMap<readonly Sample[], Map<string, Sample[]>>();

function byName(samples: readonly Sample[]): ReadonlyMap<string, readonly Sample[]> {
  const known = indices.get(samples);
  if (known !== undefined) return known;
  const index = new Map<string, Sample[]>();
  for (const sample of samples) {
    const list = index.get(sample.name);
    if (list === undefined) index.set(sample.name, [sample]);
    else list.push(sample);
  }
  indices.set(samples, index);
  return index;
}

function namedLabels({ labels, name }: Sample): Labels {
  const named: Record<string, string> = Object.create(null) as Record<string, string>;
  named[METRIC_NAME] = name;
  for (const label of Object.keys(labels)) {
    const value = labels[label];
    if (value !== undefined && value !== "") named[label] = value;
  }
  return named;
}

function compare(expr: Comparison, samples: readonly Sample[]): readonly Element[] {
  const found: Element[] = [];
  const matched = new Set<string>();
  const oneToOne = expr.left.kind !== "number" && expr.right.kind !== "number";
  for (const pair of pairsOf(expr, samples)) {
    const { holds, signature } = pair;
    if (!holds) continue;
    if (oneToOne && matched.has(signature)) {
      throw new MatchingError(
        "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)",
      );
    }
    matched.add(signature);
    found.push(elementOf(pair, expr));
  }
  return found;
}

/** Few pairs of few rules hold: the labels of the others are never made. */
function elementOf({ against, labels, value }: Pair, { left, matching, right }: Comparison): Element {
  const oneToOne = left.kind !== "number" && right.kind !== "number";
  return { labels: oneToOne ? kept(labels, matching) : labels, value, against };
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
    pairs.push({ labels, value, against, holds: holds(op, value, against), signature });
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
  const names =
    matching.kind === "on"
      ? matching.labels
      : Object.keys(labels)
          .filter((label) => label !== METRIC_NAME && !matching.labels.includes(label))
          .sort();
  let signature = "";
  for (const name of names) {
    const value = labelOf(labels, name);
    signature += `${name.length} ${name}${value.length} ${value}`;
  }
  return signature;
}

/** A one-to-one comparison drops the labels that it does not match by; the metric's name stays without `on`. */
function kept(labels: Labels, matching: Matching): Labels {
  const on = matching.kind === "on";
  return Object.fromEntries(Object.entries(labels).filter(([label]) => matching.labels.includes(label) === on));
}

function labelOf(labels: Labels, label: string): string {
  return Object.hasOwn(labels, label) ? (labels[label] ?? "") : "";
}
