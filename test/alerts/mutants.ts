// Rules with one thing wrong with each: what their unit tests must notice.
import { parseDocument } from "yaml";
import { type Rule, secondsOf } from "./rule-set.ts";

export interface Mutant {
  alert: string;
  /** What was altered, for the message when nobody notices. */
  what: string;
  /** A rule file with this one rule. */
  text: string;
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
 * @param stepSeconds the smallest change of `for` that an evaluation can see.
 */
export function mutantsOf(
  source: string,
  rules: readonly Rule[],
  { metrics, stepSeconds }: { metrics: readonly string[]; stepSeconds: number },
): Mutant[] {
  return rules.flatMap((rule) => {
    const altered = (what: string, field: readonly string[], value: string | undefined): Mutant => {
      const document = parseDocument(source);
      const path = pathOf(document.toJS() as RuleFile, rule.alert);
      if (value === undefined) document.deleteIn([...path, ...field]);
      else document.setIn([...path, ...field], value);
      const { groups } = document.toJS() as RuleFile;
      const only = groups.map((group) => ({ ...group, rules: group.rules.filter((one) => one.alert === rule.alert) }));
      return { alert: rule.alert, what, text: JSON.stringify({ groups: only }) };
    };
    const exprs = [
      ...replacements(rule.expr, /(?<=\s)(==|>=|<=|>|<)(?=\s)/g, (op) => COMPARISONS[op] ?? []),
      ...replacements(rule.expr, /\b(and|unless|or)\b/g, (op) => SETS[op] ?? []),
      ...replacements(rule.expr, /(?<=[=<>] )\d+\b/g, (number) => [
        String(Number(number) + 1),
        String(Number(number) - 1),
      ]),
      ...replacements(rule.expr, /\bpitcrew_\w+/g, (metric) => {
        const other = metrics[(metrics.indexOf(metric) + 1) % metrics.length];
        return other === undefined ? [] : [other];
      }),
    ];
    const hold = secondsOf(rule.for);
    const waits = [hold + stepSeconds, ...(hold >= stepSeconds ? [hold - stepSeconds] : [])];
    return [
      ...exprs.map(({ what, text }) => altered(what, ["expr"], text)),
      ...waits.map((seconds) => altered(`for: ${rule.for} → ${seconds}s`, ["for"], `${seconds}s`)),
      ...Object.keys(rule.labels).flatMap((label) => [
        altered(`without the label ${label}`, ["labels", label], undefined),
        altered(`another ${label}`, ["labels", label], "another"),
      ]),
    ];
  });
}

interface RuleFile {
  groups: { rules: { alert?: string }[] }[];
}

function pathOf({ groups }: RuleFile, alert: string): (string | number)[] {
  for (const [group, { rules }] of groups.entries()) {
    const rule = rules.findIndex((one) => one.alert === alert);
    if (rule !== -1) return ["groups", group, "rules", rule];
  }
  throw new RangeError(`no rule ${alert}`);
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
