// PromQL text → the guard's subset. The official grammar gives the tree; this file says what of it is in the subset,
// and in what Prometheus 2 is stricter than the grammar of today.
import { parser } from "@prometheus-io/lezer-promql";
import {
  COMPARISONS,
  type Comparison,
  type ComparisonOperator,
  type Expr,
  type Matcher,
  type Matching,
  METRIC_NAME,
  matches,
  type Operand,
  SET_OPERATORS,
  type Selector,
  type SetOperator,
} from "./expression.ts";
import { type Literal, readNumber, readString } from "./literals.ts";
import { BINARY_OPERATOR_NODES, KEYWORDS, NO_GROUPING_LABELS, outside } from "./outside.ts";
import { readPattern } from "./pattern.ts";

export interface ParseProblem {
  /** Where in the text, in UTF-16 units. */
  offset: number;
  message: string;
}

export type Parsed = { ok: Expr } | { problem: ParseProblem };

type Node = ReturnType<typeof parser.parse>["topNode"];

/** The grammar's tree is flattened far below this length's worth of nesting, so what follows can rely on its shape. */
const MAX_LENGTH = 10_000;
const MAX_DEPTH = 200;

class Refusal extends Error {
  readonly offset: number;
  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

/** Never throws, whatever the text. */
export function parseExpr(text: string): Parsed {
  try {
    if (text.length > MAX_LENGTH) throw new Refusal(0, `the expression is longer than ${MAX_LENGTH} characters`);
    const top = parser.parse(text).topNode;
    refuseBrokenText(top, text);
    const root = children(top)[0];
    if (root === undefined) throw new Refusal(0, "the expression is empty");
    const expr = operand(root, text, 0);
    if (expr.kind === "number")
      throw new Refusal(root.from, "a number alone is no condition: compare a metric with it");
    return { ok: expr };
  } catch (error) {
    if (error instanceof Refusal) return { problem: { offset: error.offset, message: error.message } };
    throw error;
  }
}

function refuseBrokenText(top: Node, text: string): void {
  const plain: { from: number; to: number }[] = [];
  let plainFrom = 0;
  top.cursor().iterate((node) => {
    if (node.type.isError) {
      const near = text.slice(node.from, node.from + 20).split("\n")[0] ?? "";
      throw new Refusal(node.from, near === "" ? "the expression ends too soon" : `a syntax error near "${near}"`);
    }
    if (node.name === "StringLiteral" || node.name === "LineComment") {
      plain.push({ from: plainFrom, to: node.from });
      plainFrom = node.to;
    }
    return true;
  });
  plain.push({ from: plainFrom, to: text.length });
  // The grammar knows more kinds of white space than Prometheus does.
  for (const { from, to } of plain) {
    const odd = text.slice(from, to).search(/[^\x20-\x7e\t\n\r]/);
    if (odd !== -1) throw new Refusal(from + odd, "a character that PromQL does not know");
  }
  // For Prometheus a lone carriage return ends a comment, for the grammar it does not.
  const lone = text.search(/\r(?!\n)|[\uD800-\uDFFF]/u);
  if (lone !== -1) throw new Refusal(lone, "a character that PromQL does not know");
}

function operand(node: Node, text: string, depth: number): Operand {
  if (depth > MAX_DEPTH) throw new Refusal(node.from, "the expression is nested too deeply");
  const parts = children(node);
  switch (node.name) {
    case "ParenExpr":
      return operand(only(parts, node), text, depth + 1);
    case "NumberDurationLiteral":
      return signedNumber(node, text);
    case "UnaryExpr":
      return negated(node, parts, text, depth);
    case "VectorSelector":
      return selector(node, parts, text);
    case "BinaryExpr":
      return binary(node, parts, text, depth);
    default:
      throw new Refusal(node.from, outside(node.name, text.slice(node.from, node.to)));
  }
}

function signedNumber(node: Node, text: string): Operand {
  const [, sign = "", digits = ""] = /^([+-]?)\s*(.*)$/s.exec(text.slice(node.from, node.to)) ?? [];
  const value = read(readNumber(digits), node);
  return { kind: "number", value: sign === "-" ? -value : value };
}

function negated(node: Node, parts: readonly Node[], text: string, depth: number): Operand {
  const [sign, of] = parts;
  if (sign === undefined || of === undefined) throw new Refusal(node.from, "a sign without a number");
  const inner = operand(of, text, depth + 1);
  if (inner.kind !== "number") throw new Refusal(node.from, outside("UnaryExpr", text.slice(node.from, node.to)));
  return text.slice(sign.from, sign.to) === "-" ? { kind: "number", value: -inner.value } : inner;
}

function selector(node: Node, parts: readonly Node[], text: string): Selector {
  const found: Matcher[] = [];
  let named = false;
  for (const part of parts) {
    if (part.name === "Identifier") {
      const name = text.slice(part.from, part.to);
      if (KEYWORDS.has(name.toLowerCase())) {
        throw new Refusal(part.from, `"${name}" is a word of PromQL: write {${METRIC_NAME}="${name}"}`);
      }
      found.push({ op: "=", label: METRIC_NAME, value: name });
      named = true;
    } else {
      for (const matcher of children(part)) found.push(labelMatcher(matcher, text));
    }
  }
  if (named && found.filter((matcher) => matcher.label === METRIC_NAME).length > 1) {
    throw new Refusal(node.from, "the metric's name is given twice");
  }
  if (!found.some((matcher) => !matches(matcher, ""))) {
    throw new Refusal(node.from, "a selector needs at least one matcher that an empty label does not satisfy");
  }
  return { kind: "selector", matchers: found };
}

function labelMatcher(node: Node, text: string): Matcher {
  const [name, opNode, literal] = children(node);
  if (node.name !== "UnquotedLabelMatcher" || name === undefined || opNode === undefined || literal === undefined) {
    throw new Refusal(node.from, outside(node.name, text.slice(node.from, node.to)));
  }
  const label = text.slice(name.from, name.to);
  const value = read(readString(text.slice(literal.from, literal.to)), literal);
  const op = text.slice(opNode.from, opNode.to);
  switch (op) {
    case "=":
    case "!=":
      return { op, label, value };
    case "=~":
    case "!~":
      return { op, label, value, regexp: read(readPattern(value), literal) };
    default:
      throw new Refusal(opNode.from, `"${op}" is no matcher`);
  }
}

function binary(node: Node, parts: readonly Node[], text: string, depth: number): Comparison | Expr {
  const [leftNode, operatorNode, ...rest] = parts;
  const rightNode = rest.pop();
  if (leftNode === undefined || operatorNode === undefined || rightNode === undefined) {
    throw new Refusal(node.from, "an operator without its two sides");
  }
  const op = BINARY_OPERATOR_NODES.get(operatorNode.name);
  if (op === undefined)
    throw new Refusal(operatorNode.from, outside("arithmetic", text.slice(operatorNode.from, operatorNode.to)));
  const left = operand(leftNode, text, depth + 1);
  const right = operand(rightNode, text, depth + 1);
  const matching = matchingClause(rest, text);
  if (left.kind === "number" || right.kind === "number") {
    if (left.kind === right.kind) throw new Refusal(node.from, "compares two numbers: one side must be a metric");
    if (rest.length > 0) throw new Refusal(operatorNode.to, "on and ignoring need a metric on both sides");
  }
  if (isComparison(op)) return { kind: "comparison", op, left, right, matching };
  if (left.kind === "number" || right.kind === "number") {
    throw new Refusal(operatorNode.from, `"${op}" needs a metric or a condition on both sides, not a number`);
  }
  return { kind: "set", op, left, right, matching };
}

function matchingClause(modifiers: readonly Node[], text: string): Matching {
  let matching: Matching = { kind: "ignoring", labels: [] };
  for (const modifier of modifiers) {
    if (modifier.name !== "MatchingModifierClause") {
      throw new Refusal(modifier.from, outside(modifier.name, text.slice(modifier.from, modifier.to)));
    }
    const [word, grouping, group] = children(modifier);
    if (group !== undefined) throw new Refusal(group.from, outside(group.name, text.slice(group.from, group.to)));
    const labels = grouping === undefined ? [] : children(grouping).map((label) => groupingLabel(label, text));
    matching = { kind: word?.name === "On" ? "on" : "ignoring", labels };
  }
  return matching;
}

function groupingLabel(node: Node, text: string): string {
  const label = text.slice(node.from, node.to);
  if (node.name !== "LabelName" || NO_GROUPING_LABELS.has(label.toLowerCase())) {
    throw new Refusal(node.from, `${label} cannot be a label in on or ignoring`);
  }
  return label;
}

function isComparison(op: ComparisonOperator | SetOperator): op is ComparisonOperator {
  return COMPARISONS.some((comparison) => comparison === op) && !SET_OPERATORS.some((set) => set === op);
}

function children(node: Node): Node[] {
  const found: Node[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    if (child.name !== "LineComment") found.push(child);
  }
  return found;
}

function only(parts: readonly Node[], parent: Node): Node {
  const [part, ...others] = parts;
  if (part === undefined || others.length > 0) throw new Refusal(parent.from, "a syntax error");
  return part;
}

function read<T>(literal: Literal<T>, node: Node): T {
  if ("problem" in literal) throw new Refusal(node.from, literal.problem);
  return literal.ok;
}
