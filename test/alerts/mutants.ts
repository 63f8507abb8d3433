// A rule with one thing wrong at a time: what its unit tests must notice.
import { type Rule, secondsOf } from "./rule-set.ts";

/** What decides when an alert fires, and as what. */
export type Alerting = Pick<Rule, "expr" | "for" | "labels"> & { keep_firing_for?: string };

export interface Mutant {
  /** What was altered, for the message when nobody notices. */
  what: string;
  rule: Alerting;
}

/** The neighbour at the boundary, and the opposite. A flag that is 0 or 1 has no neighbour. */
const COMPARISONS: Record<string, readonly string[]> = {
  ">": [">=", "<"],
  ">=": [">", "<"],
  "<": ["<=", ">"],
  "<=": ["<", ">"],
  "==": ["!="],
};
const SETS: Record<string, readonly string[]> = { and: ["or", "unless"], unless: ["and", "or"], or: ["and"] };

/**
 * @param metrics what a metric is mistaken for.
 * @param stepSeconds the smallest change of a wait that an evaluation can see.
 */
export function mutantsOf(
  { expr, for: wait, keep_firing_for: keep, labels }: Rule,
  { metrics, stepSeconds }: { metrics: readonly string[]; stepSeconds: number },
): Mutant[] {
  const rule: Alerting = { expr, for: wait, labels };
  if (keep !== undefined) rule.keep_firing_for = keep;
  const exprs = [
    ...replacements(expr, /(?<=\s)(==|>=|<=|>|<)(?=\s)/g, (op) => COMPARISONS[op] ?? []),
    ...replacements(expr, /\b(and|unless|or)\b/g, (op) => SETS[op] ?? []),
    ...replacements(expr, /(?<=[=<>] )\d+\b/g, (number) => [String(Number(number) + 1), String(Number(number) - 1)]),
    ...replacements(expr, /\bpitcrew_\w+/g, (metric) => {
      const other = metrics[(metrics.indexOf(metric) + 1) % metrics.length];
      return other === undefined ? [] : [other];
    }),
    // A matcher for something else, and the opposite one.
    ...replacements(expr, /(?<=[{,]\w+)(=~|!=|=)"[^"]*"/g, (matcher) => [
      '="another"',
      matcher.startsWith("!=") ? matcher.slice(1) : `!${matcher.replace("=~", "~")}`,
    ]),
  ];
  const waits = (seconds: number) => [
    seconds + stepSeconds,
    ...(seconds >= stepSeconds ? [seconds - stepSeconds] : []),
  ];
  return [
    ...exprs.map(({ what, text }) => ({ what, rule: { ...rule, expr: text } })),
    ...waits(secondsOf(wait)).map((seconds) => ({
      what: `for: ${wait} → ${seconds}s`,
      rule: { ...rule, for: `${seconds}s` },
    })),
    ...(keep === undefined ? [] : waits(secondsOf(keep))).map((seconds) => ({
      what: `keep_firing_for: ${keep} → ${seconds}s`,
      rule: { ...rule, keep_firing_for: `${seconds}s` },
    })),
    ...Object.entries(labels).flatMap(([label]) => [
      {
        what: `without the label ${label}`,
        rule: { ...rule, labels: Object.fromEntries(Object.entries(labels).filter(([name]) => name !== label)) },
      },
      { what: `another ${label}`, rule: { ...rule, labels: { ...labels, [label]: "another" } } },
    ]),
  ];
}

function replacements(
  expr: string,
  pattern: RegExp,
  instead: (found: string) => readonly string[],
): { what: string; text: string }[] {
  return [...expr.matchAll(pattern)].flatMap((match) =>
    instead(match[0]).map((other) => ({
      what: `${match[0]} → ${other} at ${match.index}`,
      text: expr.slice(0, match.index) + other + expr.slice(match.index + match[0].length),
    })),
  );
}
