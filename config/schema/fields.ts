// The kinds of value that keys of pitcrew.yml hold, each with the sentence that says what to write instead.
import * as z from "zod";
import { nearest } from "../source/suggest.ts";
import { BUDGET_PATTERN, parseBudget } from "../units/budget.ts";
import { DURATION_PATTERN, formatDuration, parseDuration } from "../units/duration.ts";
import { LISTEN_PATTERN, parseListenAddress } from "../units/listen-address.ts";
import { type Parsed, parsed, refused } from "../units/parsed.ts";
import { PERCENTAGE_PATTERN, parsePercentage } from "../units/percentage.ts";
import { parseSize, SIZE_PATTERN } from "../units/size.ts";
import { shown, wrongType } from "./wrong-type.ts";

/** Text that a parser of ours understands; `pattern` is for editors only. */
function text<T>(expected: string, parse: (text: string) => Parsed<T>, pattern?: string) {
  return z
    .string({ error: wrongType(expected) })
    .meta(pattern === undefined ? {} : { pattern })
    .transform((input, context) => {
      const result = parse(input);
      if (result.ok) return result.value;
      context.addIssue({ code: "custom", message: result.problem });
      return z.NEVER;
    });
}

export function size({ minBytes = 0 }: { minBytes?: number } = {}) {
  const parse = (input: string): Parsed<number> => {
    const result = parseSize(input);
    if (result.ok && result.value < minBytes)
      return refused(`${input} is too small: write at least ${minBytes / 1024 / 1024}MiB`);
    return result;
  };
  return text("a size with its unit, such as 8GiB", parse, SIZE_PATTERN);
}
export const budget = () => text("a budget, such as 3/30m", parseBudget, BUDGET_PATTERN);
export const listen = () => text("a listen address, such as 127.0.0.1:10101", parseListenAddress, LISTEN_PATTERN);
export const percentage = (maxPercent: number) =>
  text("a percentage, such as 10%", (input) => parsePercentage(input, maxPercent), PERCENTAGE_PATTERN);

export function duration(range: { minSeconds?: number; maxSeconds?: number } = {}) {
  const { minSeconds = 0, maxSeconds = Number.POSITIVE_INFINITY } = range;
  const parse = (input: string): Parsed<number> => {
    const result = parseDuration(input);
    if (!result.ok) return result;
    if (result.value < minSeconds)
      return refused(`${input} is too short: write at least ${formatDuration(minSeconds)}`);
    if (result.value > maxSeconds) return refused(`${input} is too long: write at most ${formatDuration(maxSeconds)}`);
    return result;
  };
  return text("a duration with its unit, such as 30s", parse, DURATION_PATTERN);
}

/** A name of a fixed alphabet. */
export function named(expected: string, alphabet: RegExp, remedy: string) {
  const parse = (input: string): Parsed<string> =>
    alphabet.test(input) ? parsed(input) : refused(`${shown(input)} is not ${expected.split(",")[0]}: ${remedy}`);
  return text(expected, parse, alphabet.source);
}

/** Resolved against the file's folder later: only there is the file known. */
export const path = () =>
  text("a path", (input): Parsed<string> => {
    if (input === "") return refused("is empty: write a path, or leave the key out");
    if (input.startsWith("~")) return refused(`${shown(input)}: "~" is not expanded here: write the whole path`);
    return withoutNul(input);
  });

/** An argument, an environment variable's value: any text that the kernel takes. */
export const anyText = (expected: string) => text(expected, withoutNul);

/** @returns without a trailing slash */
export const httpUrl = () =>
  text("an address, such as http://127.0.0.1:9093", (input): Parsed<string> => {
    const remedy = "write one such as http://127.0.0.1:9093";
    if (!URL.canParse(input)) return refused(`${shown(input)} is not an address: ${remedy}`);
    const { protocol, username, password, search, hash } = new URL(input);
    if (protocol !== "http:" && protocol !== "https:")
      return refused(`${shown(input)} is not http or https: ${remedy}`);
    if (username !== "" || password !== "")
      return refused("holds a user or a password, which everybody who reads this file would see: take it out");
    if (search !== "" || hash !== "") return refused(`${shown(input)} has a query or a fragment: ${remedy}`);
    return parsed(input.replace(/\/+$/, ""));
  });

function withoutNul(input: string): Parsed<string> {
  return input.includes("\0") ? refused("holds a NUL character: no path or argument can, remove it") : parsed(input);
}

export function whole(min: number, max: number) {
  const expected = `a whole number from ${min} to ${max}`;
  const error = (issue: z.core.$ZodRawIssue) => `expected ${expected}, got ${shown(issue.input)}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

export const flag = () => z.boolean({ error: wrongType("true or false") });

export function choice<const T extends readonly [string, ...string[]]>(values: T) {
  return z.enum(values, {
    error: (issue) => {
      if (issue.input === undefined) return `is missing: write one of ${values.join(", ")}`;
      const suggestion = typeof issue.input === "string" ? nearest(issue.input, values) : undefined;
      const hint = suggestion === undefined ? "" : `; did you mean ${suggestion}?`;
      return `expected one of ${values.join(", ")}; got ${shown(issue.input)}${hint}`;
    },
  });
}

export function list<T extends z.ZodType>(item: T, expected: string) {
  return z.array(item, { error: wrongType(`a list of ${expected}`) });
}

/** Keys that are all known; a key that is not is an error. */
export function section<T extends z.core.$ZodShape>(shape: T, expected = "a mapping of keys") {
  return z.strictObject(shape, { error: wrongType(expected) });
}
