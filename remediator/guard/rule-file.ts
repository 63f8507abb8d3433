// One Prometheus rule file as its rules, with the position of each. Every scalar is a string, as Prometheus reads them.
import { isScalar, LineCounter, parseDocument } from "yaml";
import * as z from "zod";

export interface Position {
  line: number;
  column: number;
}

export interface RuleProblem extends Position {
  file: string;
  alert?: string;
  message: string;
}

/** An alerting rule as written; recording rules are left out. */
export interface WrittenRule {
  alert: string;
  expr: string;
  for: string | undefined;
  keepFiringFor: string | undefined;
  /** The group's labels included; the rule's own win. */
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  /** Of a field's value, such as `["labels", "guard"]`; of the rule itself where it is not written. */
  position(field: readonly string[]): Position;
  /** Of a place inside the expression, where the file holds it on one line; else of the expression. */
  positionInExpr(offset: number): Position;
}

export interface RuleFile {
  rules: readonly WrittenRule[];
  problems: readonly RuleProblem[];
}

type Path = readonly (string | number)[];

/** `for:` with nothing behind it is the same as no `for` at all. */
const optional = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (value === "" ? undefined : value), schema.optional());

const text = optional(z.string());
const texts = optional(z.record(z.string(), z.string()));
const list = optional(z.array(z.unknown()));

const FileShape = z.strictObject({ groups: list });
const GroupShape = z.strictObject({
  name: z.string().min(1),
  interval: text,
  limit: text,
  query_offset: text,
  labels: texts,
  rules: list,
});
const RuleShape = z.strictObject({
  alert: text,
  record: text,
  expr: z.string().min(1),
  for: text,
  keep_firing_for: text,
  labels: texts,
  annotations: texts,
});

/** Never throws: what is wrong with one rule does not take the others away. */
export function readRuleFile(file: string, source: string): RuleFile {
  const lines = new LineCounter();
  const document = parseDocument(source, {
    lineCounter: lines,
    prettyErrors: false,
    schema: "failsafe",
    stringKeys: true,
    merge: true,
  });
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const broken = document.errors.map((e) => ({ file, ...at(e.pos[0]), message: `not YAML: ${e.message}` }));
  if (broken.length > 0) return { rules: [], problems: broken };

  const problems: RuleProblem[] = [];
  const offsetOf = (path: Path): number => {
    for (let length = path.length; length > 0; length -= 1) {
      const node = document.getIn(path.slice(0, length), true) as { range?: readonly number[] } | undefined;
      if (node?.range?.[0] !== undefined) return node.range[0];
    }
    return 0;
  };
  const position = (path: Path) => at(offsetOf(path));
  function checked<T>(shape: z.ZodType<T>, value: unknown, path: Path): T | undefined {
    const result = shape.safeParse(value);
    if (result.success) return result.data;
    for (const { place, message } of complaints(result.error)) {
      problems.push({ file, ...position([...path, ...place]), ...named(value), message });
    }
    return undefined;
  }

  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    return { rules: [], problems: [{ file, line: 1, column: 1, message: `not YAML: ${String(cause)}` }] };
  }

  const rules: WrittenRule[] = [];
  for (const [g, group] of (checked(FileShape, value === "" ? {} : (value ?? {}), [])?.groups ?? []).entries()) {
    const shape = checked(GroupShape, group, ["groups", g]);
    for (const [r, ruleValue] of (shape?.rules ?? []).entries()) {
      const path: Path = ["groups", g, "rules", r];
      const rule = checked(RuleShape, ruleValue, path);
      if (rule === undefined) continue;
      if ((rule.alert === undefined) === (rule.record === undefined)) {
        problems.push({
          file,
          ...position(path),
          ...named(ruleValue),
          message: "a rule is either an alert or a record",
        });
      } else if (rule.alert !== undefined) {
        rules.push({
          alert: rule.alert,
          expr: rule.expr,
          for: rule.for,
          keepFiringFor: rule.keep_firing_for,
          labels: { ...shape?.labels, ...rule.labels },
          annotations: { ...rule.annotations },
          position: (field) => position([...path, ...field]),
          positionInExpr: (offset) => {
            const node = document.getIn([...path, "expr"], true);
            const start = offsetOf([...path, "expr"]);
            const quote = isScalar(node) && node.type?.startsWith("QUOTE") ? 1 : 0;
            return source.startsWith(rule.expr, start + quote) ? at(start + quote + offset) : at(start);
          },
        });
      }
    }
  }
  return { rules, problems };
}

function complaints(error: z.ZodError): { place: Path; message: string }[] {
  return error.issues.flatMap((issue) => {
    const place = issue.path.filter((step) => typeof step !== "symbol");
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({
        place: [...place, key],
        message: `${key}: not a field of a Prometheus rule file`,
      }));
    }
    const field = place.length === 0 ? "" : `${place.join(".")}: `;
    if (issue.code === "invalid_type") return [{ place, message: `${field}${expected(issue.expected)}` }];
    return [{ place, message: `${field}${issue.code === "too_small" ? "must not be empty" : issue.message}` }];
  });
}

function expected(type: string): string {
  switch (type) {
    case "string":
      return "must be text, and be there";
    case "array":
      return "must be a list";
    default:
      return "must be a mapping of names to values";
  }
}

function named(rule: unknown): { alert?: string } {
  const isRule = typeof rule === "object" && rule !== null && "alert" in rule;
  return isRule && typeof rule.alert === "string" ? { alert: rule.alert } : {};
}
