// "expected …, got …" and "is missing": one sentence for every value of the wrong type.
import type * as z from "zod";

/** Undefined for other kinds of issue, so that zod's own sentence stands. */
export function wrongType(expected: string) {
  return (issue: z.core.$ZodRawIssue): string | undefined => {
    if (issue.code !== "invalid_type" && issue.code !== "invalid_union") return undefined;
    if (issue.input === undefined) return `is missing: write ${expected}`;
    return `expected ${expected}, got ${shown(issue.input)}${quoteHint(expected, issue.input)}`;
  };
}

/** A value of the file, short enough for one line. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  if (typeof value === "string") {
    return value.length > 80 ? `${JSON.stringify(value.slice(0, 77))}…` : JSON.stringify(value);
  }
  return `the ${typeof value} ${JSON.stringify(value)}`;
}

/** YAML reads `4`, `true` and `{index}` as something else than text. */
function quoteHint(expected: string, input: unknown): string {
  if (!expected.startsWith("text") && !expected.startsWith("an argument")) return "";
  if (typeof input === "number" || typeof input === "boolean") return `: put it in quotes, "${input}"`;
  if (typeof input !== "object" || input === null || Array.isArray(input)) return "";
  const [only, ...more] = Object.entries(input);
  const placeholder = only !== undefined && more.length === 0 && only[1] === null;
  return placeholder ? `: put it in quotes, "{${only[0]}}"` : "";
}
