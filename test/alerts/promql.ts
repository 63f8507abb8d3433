// What an expression asks for, by the official grammar: for the checks that promtool does not make.
import { parser } from "@prometheus-io/lezer-promql";

type Node = ReturnType<typeof parser.parse>["topNode"];

export interface Asked {
  metric: string;
  matchers: readonly { label: string; operator: string; value: string }[];
  /** Functions and aggregations around it, the innermost first. */
  within: readonly string[];
  range: boolean;
  /** `5m` of `[5m]`, where there is one. */
  window?: string;
}

/** Every selector, in the order of the text. @throws on a syntax error */
export function selectorsOf(expr: string): Asked[] {
  const found: Asked[] = [];
  walk(expr, (node) => {
    if (node.name !== "VectorSelector") return;
    const name = node.getChild("Identifier");
    if (name === null) throw new SyntaxError(`a selector without a name in ${expr}`);
    const matchers = (node.getChild("LabelMatchers")?.getChildren("UnquotedLabelMatcher") ?? []).map((matcher) => {
      const [label = "", operator = "", value = '""'] = children(matcher).map((child) => textOf(expr, child));
      return { label, operator, value: JSON.parse(value) as string };
    });
    const around = node.parent?.name === "MatrixSelector" ? textOf(expr, node.parent) : undefined;
    const window = around === undefined ? {} : { window: around.slice(around.lastIndexOf("[") + 1, -1) };
    const range = around !== undefined;
    found.push({ metric: textOf(expr, name), matchers, within: callsAround(expr, node), range, ...window });
  });
  return found;
}

/** Names of grammar nodes: operators, aggregations, functions. */
export function nodesOf(expr: string): string[] {
  const names: string[] = [];
  walk(expr, (node) => void names.push(node.name));
  return names;
}

/** Labels named by `by`, `without`, `on`, `ignoring`, `group_left` and `group_right`. */
export function groupingLabelsOf(expr: string): string[] {
  const labels: string[] = [];
  walk(expr, (node) => {
    if (node.name === "GroupingLabels")
      labels.push(...node.getChildren("LabelName").map((label) => textOf(expr, label)));
  });
  return labels;
}

export interface Join {
  left: readonly string[];
  right: readonly string[];
  /** Undefined: by all labels. */
  on: readonly string[] | undefined;
}

/** Every operator with series on both sides, but for a plain `or`: it matches nothing, it adds. */
export function joinsOf(expr: string): Join[] {
  const joins: Join[] = [];
  walk(expr, (node) => {
    if (node.name !== "BinaryExpr") return;
    if (node.getChild("Or") !== null && node.getChild("MatchingModifierClause") === null) return;
    const [left = "", right = ""] = [node.firstChild, node.lastChild].map((side) => (side ? textOf(expr, side) : ""));
    const clause = node.getChild("MatchingModifierClause");
    const join = {
      left: selectorsOf(left).map(({ metric }) => metric),
      right: selectorsOf(right).map(({ metric }) => metric),
      on: clause?.getChild("On") ? groupingLabelsOf(`a and ${textOf(expr, clause)} b`) : undefined,
    };
    if (join.left.length > 0 && join.right.length > 0) joins.push(join);
  });
  return joins;
}

function walk(expr: string, visit: (node: Node) => void): void {
  const step = (node: Node) => {
    if (node.type.isError) throw new SyntaxError(`not PromQL at ${node.from}: ${expr}`);
    visit(node);
    children(node).forEach(step);
  };
  step(parser.parse(expr).topNode);
}

function callsAround(expr: string, node: Node): string[] {
  const calls: string[] = [];
  for (let above = node.parent; above !== null; above = above.parent) {
    const call =
      above.name === "FunctionCall"
        ? above.getChild("FunctionIdentifier")
        : above.name === "AggregateExpr"
          ? above.getChild("AggregateOp")
          : null;
    if (call !== null) calls.push(textOf(expr, call));
  }
  return calls;
}

function children(node: Node): Node[] {
  const list: Node[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) list.push(child);
  return list;
}

function textOf(expr: string, { from, to }: Node): string {
  return expr.slice(from, to);
}
