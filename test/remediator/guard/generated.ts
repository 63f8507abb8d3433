// Generated samples and expressions of the guard's subset, and the subset's own printer: what the properties are made of.
import fc from "fast-check";
import {
  COMPARISONS,
  type Comparison,
  type Expr,
  type Matcher,
  METRIC_NAME,
  type NumberLiteral,
  type Operand,
  SET_OPERATORS,
  type SetOperation,
} from "../../../remediator/guard/expression.ts";
import { readPattern } from "../../../remediator/guard/pattern.ts";
import type { Sample } from "../../../worker/sample.ts";

const METRICS = ["memory", "limit", "pitcrew:up", "absent_here"];
/** `group` is also a word of PromQL, `constructor` one of JavaScript. */
const LABELS: Readonly<Record<string, readonly string[]>> = {
  host: ["box-1", "box-2"],
  worker: ["train-1", "train-2", "enc.x"],
  group: ["train", "é💥 \\n\"'`"],
  constructor: ["a"],
};
const LABEL_NAMES = Object.keys(LABELS);
const LABEL_VALUES = ["", ...new Set(Object.values(LABELS).flat())];
const VALUES = [0, -0, 1, 2, 3, -1, 1.5, 1e300, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

const PATTERN_PIECES = String.raw`
  train enc box - 1 a é 💥 日 / \. \- \\ \d \w \s \S \b . [a-t] [^0-9-] [\d.x-] [\s\w] (train|enc) (?:box)? () | ^ $ \n \D
  * + ? {2} {1,3} *? { } ] ( ) [ \ ** (?i) \pL \Q [[:alpha:]]`
  .trim()
  .split(/\s+/)
  .concat(" ");

export const anyPattern = fc
  .array(fc.constantFrom(...PATTERN_PIECES), { maxLength: 5 })
  .map((pieces) => pieces.join(""));

const metric: fc.Arbitrary<Matcher> = fc
  .constantFrom(...METRICS)
  .map((value) => ({ op: "=", label: METRIC_NAME, value }));

const plainMatcher: fc.Arbitrary<Matcher> = fc.record({
  op: fc.constantFrom("=", "!="),
  label: fc.constantFrom(...LABEL_NAMES),
  value: fc.constantFrom(...LABEL_VALUES),
});

function patternMatcher(labels: readonly string[]): fc.Arbitrary<Matcher> {
  const fixed = fc.constantFrom(".*", ".+", "", "train-.|enc.x", "box-[12]", "tr.*|.*x", "memory|limit");
  return fc
    .tuple(fc.constantFrom("=~", "!~"), fc.constantFrom(...labels), fc.oneof(fixed, anyPattern))
    .map(([op, label, value]) => ({ op, label, value, read: readPattern(value) }))
    .filter(({ read }) => "ok" in read)
    .map(({ op, label, value, read }) => ({ op, label, value, regexp: "ok" in read ? read.ok : /(?!)/ }));
}

const matcher = fc.oneof({ weight: 3, arbitrary: plainMatcher }, { weight: 2, arbitrary: patternMatcher(LABEL_NAMES) });

/** Most selectors name their metric; the others select it by a pattern, and so match more than one. */
const selector: fc.Arbitrary<Expr> = fc
  .tuple(
    fc.oneof({ weight: 6, arbitrary: metric }, { weight: 1, arbitrary: fc.constant(namePattern("memory|limit")) }),
    fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 2, arbitrary: fc.array(matcher, { maxLength: 2 }) }),
  )
  .map(([name, matchers]) => ({ kind: "selector", matchers: [name, ...matchers] }));

function namePattern(value: string): Matcher {
  return { op: "=~", label: METRIC_NAME, value, regexp: new RegExp(`^(?:${value})$`, "u") };
}

const number: fc.Arbitrary<NumberLiteral> = fc
  .oneof(fc.constantFrom(...VALUES), fc.double())
  .map((value) => ({ kind: "number", value }));

const matching: fc.Arbitrary<Comparison["matching"]> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ kind: "ignoring" as const, labels: [] }) },
  { weight: 1, arbitrary: fc.constant({ kind: "on" as const, labels: LABEL_NAMES }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom("on", "ignoring"),
      labels: fc.subarray([...LABEL_NAMES, METRIC_NAME, "nowhere"], { maxLength: 4 }),
    }),
  },
);

export const anyExpr: fc.Arbitrary<Expr> = fc.letrec<{ expr: Expr; comparison: Expr; set: Expr }>((tie) => ({
  expr: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    { weight: 1, arbitrary: selector },
    { weight: 3, arbitrary: tie("comparison") },
    { weight: 2, arbitrary: tie("set") },
  ),
  comparison: fc
    .tuple(tie("expr"), fc.oneof(number, tie("expr")), fc.constantFrom(...COMPARISONS), matching, fc.boolean())
    .map(([vector, other, op, by, swap]): Comparison => {
      const [left, right] = swap ? [other, vector] : [vector, other];
      const clause = other.kind === "number" ? { kind: "ignoring" as const, labels: [] } : by;
      return { kind: "comparison", op, left, right, matching: clause };
    }),
  set: fc
    .record({ left: tie("expr"), right: tie("expr"), op: fc.constantFrom(...SET_OPERATORS), matching })
    .map((parts): SetOperation => ({ kind: "set", ...parts })),
})).expr;

const labelSet: fc.Arbitrary<Record<string, string>> = fc.record(
  Object.fromEntries(LABEL_NAMES.map((name) => [name, fc.constantFrom(...(LABELS[name] ?? []))])),
  { requiredKeys: ["host"] },
);

/** At most one sample per series, as in an exposition; most label sets are of more than one metric. */
export const anySamples: fc.Arbitrary<Sample[]> = fc
  .uniqueArray(labelSet, {
    minLength: 2,
    maxLength: 5,
    selector: (labels) => JSON.stringify(LABEL_NAMES.map((name) => Object.hasOwn(labels, name) && labels[name])),
  })
  .chain((sets) => {
    const value = fc.option(fc.constantFrom(...VALUES), { freq: 4 });
    const series = sets.flatMap((labels) => METRICS.slice(0, 3).map((name) => ({ name, labels })));
    return fc
      .tuple(...series.map(() => value))
      .map((values) => series.flatMap((one, at) => withValue(one, values[at] ?? null)));
  });

function withValue(series: Omit<Sample, "value">, value: number | null): Sample[] {
  return value === null ? [] : [{ ...series, value }];
}

const PRECEDENCE = { or: 1, and: 2, unless: 2, comparison: 3, atom: 4 } as const;

/** With only the parentheses that Prometheus' precedence and left associativity ask for. */
export function print(expr: Operand): string {
  switch (expr.kind) {
    case "number":
      return String(expr.value === 0 && Object.is(expr.value, -0) ? "-0" : expr.value).replace("Infinity", "Inf");
    case "selector":
      return printSelector(expr.matchers);
    case "comparison":
    case "set": {
      const own = precedence(expr);
      const left = precedence(expr.left) < own ? `(${print(expr.left)})` : print(expr.left);
      const right = precedence(expr.right) <= own ? `(${print(expr.right)})` : print(expr.right);
      const { kind, labels } = expr.matching;
      const clause = kind === "ignoring" && labels.length === 0 ? "" : ` ${kind} (${labels.join(", ")})`;
      return `${left} ${expr.op}${clause} ${right}`;
    }
  }
}

function precedence(expr: Operand): number {
  if (expr.kind === "set") return PRECEDENCE[expr.op];
  return expr.kind === "comparison" ? PRECEDENCE.comparison : PRECEDENCE.atom;
}

function printSelector([first, ...others]: readonly Matcher[]): string {
  const isName = first?.label === METRIC_NAME && first.op === "=";
  const matchers = isName || first === undefined ? others : [first, ...others];
  const braces = matchers.map(({ label, op, value }) => `${label}${op}${quote(value)}`).join(",");
  return `${isName ? first.value : ""}${braces === "" ? "" : `{${braces}}`}`;
}

/** Each of PromQL's three kinds of quotes, by the length of the value. */
function quote(value: string): string {
  const kind = ['"', "'", "`"][value.length % 3] ?? '"';
  if (kind === "`" && !value.includes("`")) return `\`${value}\``;
  const mark = kind === "`" ? '"' : kind;
  return mark + value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll(mark, `\\${mark}`) + mark;
}
