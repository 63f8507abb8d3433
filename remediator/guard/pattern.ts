// A matcher's regular expression: RE2 in Prometheus, a JavaScript RegExp here. Only what both read alike passes; and no
// repeated groups, because a backtracking engine can take for ever on those.
import type { Literal } from "./literals.ts";

/** What may be repeated: `none` after a beginning, an assertion or another repetition. */
type Repeatable = "none" | "character" | "group";

type Token = { source: string; next: number; repeatable: Repeatable; opens?: true; closes?: true };

const MAX_DEPTH = 100;
const MAX_REPETITIONS = 1000;
const CONTROL_ESCAPES: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["t", "\t"],
  ["r", "\r"],
  ["f", "\f"],
  ["v", "\v"],
  ["a", "\x07"],
]);
/** Go's \s; JavaScript's holds more. */
const SPACES = "\\t\\n\\f\\r ";

class Refusal extends Error {}

/** @returns the pattern anchored at both ends, as Prometheus anchors it. */
export function readPattern(pattern: string): Literal<RegExp> {
  try {
    return { ok: new RegExp(`^(?:${translate(Array.from(pattern))})$`, "u") };
  } catch (error) {
    if (error instanceof Refusal) return { problem: `the pattern "${pattern}" ${error.message}` };
    // The translation should leave nothing for JavaScript to complain of; a pattern must still never end the program.
    if (error instanceof SyntaxError)
      return { problem: `the pattern "${pattern}" is not read alike by RE2 and JavaScript` };
    throw error;
  }
}

function translate(chars: readonly string[]): string {
  let source = "";
  let depth = 0;
  let repeatable: Repeatable = "none";
  for (let at = 0; at < chars.length; ) {
    const token = nextToken(chars, at, repeatable);
    if (token.opens) depth += 1;
    if (token.closes) depth -= 1;
    if (depth < 0) throw new Refusal("closes a group that is not open");
    if (depth > MAX_DEPTH) throw new Refusal("nests its groups too deeply");
    source += token.source;
    repeatable = token.repeatable;
    at = token.next;
  }
  if (depth > 0) throw new Refusal("leaves a group open");
  return source;
}

function nextToken(chars: readonly string[], at: number, before: Repeatable): Token {
  const char = chars[at] ?? "";
  switch (char) {
    case "(":
      if (chars[at + 1] !== "?") return { source: "(?:", next: at + 1, repeatable: "none", opens: true };
      if (chars[at + 2] !== ":") throw new Refusal("uses (?…): only (?:…) is in the guard's subset");
      return { source: "(?:", next: at + 3, repeatable: "none", opens: true };
    case ")":
      return { source: ")", next: at + 1, repeatable: "group", closes: true };
    case "|":
    case "^":
    case "$":
      return { source: char, next: at + 1, repeatable: "none" };
    case ".":
      return { source: "[^\\n]", next: at + 1, repeatable: "character" };
    case "[":
      return characterClass(chars, at);
    case "*":
    case "+":
    case "?":
    case "{":
      return repetition(chars, at, before);
    case "\\":
      return escapeSequence(chars[at + 1], at);
    default:
      return { source: literal(char), next: at + 1, repeatable: "character" };
  }
}

function repetition(chars: readonly string[], at: number, before: Repeatable): Token {
  let source = chars[at] ?? "";
  if (source === "{") {
    const counts = /^\{(\d{1,4})(?:,(\d{0,4}))?\}/.exec(chars.slice(at, at + 12).join(""));
    if (counts === null) throw new Refusal("holds a { that begins no repetition: write \\{");
    const [whole, from, to] = counts;
    const most = Number(to || from);
    if (most > MAX_REPETITIONS || Number(from) > most) throw new Refusal(`repeats ${whole}`);
    source = whole;
  }
  if (before === "none") throw new Refusal(`repeats nothing (${source})`);
  if (before === "group" && source !== "?")
    throw new Refusal(`repeats a group: (…)${source} is outside the guard's subset`);
  const next = at + source.length;
  return chars[next] === "?"
    ? { source: `${source}?`, next: next + 1, repeatable: "none" }
    : { source, next, repeatable: "none" };
}

function escapeSequence(char: string | undefined, at: number): Token {
  const next = at + 2;
  switch (char) {
    case "d":
    case "D":
    case "w":
    case "W":
      return { source: `\\${char}`, next, repeatable: "character" };
    case "s":
      return { source: `[${SPACES}]`, next, repeatable: "character" };
    case "S":
      return { source: `[^${SPACES}]`, next, repeatable: "character" };
    case "b":
    case "B":
      return { source: `\\${char}`, next, repeatable: "none" };
    default:
      return { source: literal(escaped(char)), next, repeatable: "character" };
  }
}

function characterClass(chars: readonly string[], open: number): Token {
  const negated = chars[open + 1] === "^";
  const first = open + (negated ? 2 : 1);
  let source = negated ? "[^" : "[";
  let at = first;
  while (chars[at] !== "]" || at === first) {
    const set = chars[at] === "\\" ? classEscape(chars[at + 1]) : undefined;
    if (set !== undefined) {
      source += set;
      at += 2;
      continue;
    }
    const low = classMember(chars, at, first);
    at = low.next;
    source += literal(low.char);
    if (chars[at] !== "-" || chars[at + 1] === "]") continue;
    const high = classMember(chars, at + 1, first);
    if (low.char === "-" || (high.char.codePointAt(0) ?? 0) < (low.char.codePointAt(0) ?? 0)) {
      throw new Refusal(`holds the range ${low.char}-${high.char}`);
    }
    source += `-${literal(high.char)}`;
    at = high.next;
  }
  return { source: `${source}]`, next: at + 1, repeatable: "character" };
}

function classEscape(char: string | undefined): string | undefined {
  if (char === "d" || char === "D" || char === "w" || char === "W") return `\\${char}`;
  return char === "s" ? SPACES : undefined;
}

function classMember(chars: readonly string[], at: number, first: number): { char: string; next: number } {
  const char = chars[at];
  if (char === undefined) throw new Refusal("leaves a [ open");
  if (char === "\\") return { char: escaped(chars[at + 1]), next: at + 2 };
  if (char === "[" || char === "]") throw new Refusal(`holds a ${char} inside [ ]: write \\${char}`);
  if (char === "-" && at !== first && chars[at + 1] !== "]")
    throw new Refusal("holds a - between others inside [ ]: write \\-");
  return { char, next: at + 1 };
}

function escaped(char: string | undefined): string {
  if (char === undefined) throw new Refusal("ends in \\");
  const control = CONTROL_ESCAPES.get(char);
  if (control !== undefined) return control;
  if (/^[!-/:-@[-`{-~]$/.test(char)) return char;
  throw new Refusal(`uses \\${char}, which is outside the guard's subset`);
}

function literal(char: string): string {
  return /^[\^$\\.*+?()[\]{}|/]$/.test(char) ? `\\${char}` : char === "-" ? "\\x2d" : char;
}
