// The project's own source files and what each imports and does at its top level, for the tests of its architecture.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, extname, join, relative, sep } from "node:path";
import { parseAst } from "vitest/node";

export interface SourceFile {
  /** Relative to the project, with slashes. */
  path: string;
  lines: number;
  /** Files of the project, as paths; type imports included. */
  local: readonly string[];
  /** Names of packages, and node: modules. */
  external: readonly string[];
  /** Why importing it does something, with the line. */
  effects: readonly string[];
}

const NOT_OURS = new Set(["node_modules", "dist", ".cache", ".git", "coverage", "fixtures", "__pycache__"]);
const PARSED = new Set([".ts", ".mjs"]);
const COUNTED = new Set([...PARSED, ".py", ".sh"]);

/** Every source file below these folders and files, read once. */
export function readSources(project: string): SourceFile[] {
  return filesBelow(project)
    .map((file) => relative(project, file).split(sep).join("/"))
    .toSorted()
    .map((path) => readSource(path, readFileSync(join(project, path), "utf8")));
}

export function readSource(path: string, text: string): SourceFile {
  const imports = PARSED.has(extname(path)) ? parse(path, text) : { specifiers: [], effects: [] };
  const isLocal = (specifier: string) => specifier.startsWith(".");
  return {
    path,
    lines: text.split("\n").length - 1,
    local: imports.specifiers.filter(isLocal).map((specifier) => join(dirname(path), specifier)),
    external: imports.specifiers.filter((specifier) => !isLocal(specifier)).map(packageOf),
    effects: imports.effects,
  };
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (NOT_OURS.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    return COUNTED.has(extname(entry.name)) ? [path] : [];
  });
}

function packageOf(specifier: string): string {
  if (specifier.startsWith("node:")) return specifier;
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

/** The little of ESTree that is looked at here. */
interface Node {
  type: string;
  start: number;
  [key: string]: unknown;
}

const DECLARATIONS = new Set([
  "ImportDeclaration",
  "ExportAllDeclaration",
  "FunctionDeclaration",
  "ClassDeclaration",
  "TSInterfaceDeclaration",
  "TSTypeAliasDeclaration",
  "TSDeclareFunction",
  "EmptyStatement",
]);
/** What these do, they do to their arguments. */
const HARMLESS_BUILTINS = ["node:path", "node:url", "node:util"];

function parse(path: string, text: string): { specifiers: string[]; effects: string[] } {
  const { body } = parseAst(text, { lang: path.endsWith(".ts") ? "ts" : "js" }) as unknown as { body: Node[] };
  const specifiers = new Set<string>();
  const effects: string[] = [];
  const lineOf = (node: Node) => text.slice(0, node.start).split("\n").length;
  /** Names whose calls reach the outside world. */
  const outside = new Set<string>(["process", "setInterval", "setTimeout", "setImmediate", "fetch", "console"]);
  walk(body, (node) => {
    const source = node.source as Node | undefined;
    const isImport = /^(Import|ExportNamed|ExportAll)(Declaration|Expression)$/.test(node.type);
    if (isImport && source?.type === "Literal") specifiers.add(String(source.value));
    return true;
  });
  for (const node of body) {
    const source = node.source as Node | undefined;
    if (node.type !== "ImportDeclaration" || source === undefined) continue;
    const name = String(source.value);
    if (!name.startsWith("node:") || HARMLESS_BUILTINS.includes(name)) continue;
    for (const specifier of node.specifiers as { local: { name: string } }[]) outside.add(specifier.local.name);
  }
  for (const node of body) {
    const statement = node.type.startsWith("Export") && node.declaration ? (node.declaration as Node) : node;
    if (DECLARATIONS.has(statement.type) || node.type === "ExportNamedDeclaration") {
      if (statement.type !== "VariableDeclaration") continue;
    }
    if (statement.type !== "VariableDeclaration" && node.type !== "ExportDefaultDeclaration") {
      effects.push(`line ${lineOf(node)}: a statement that runs (${statement.type})`);
      continue;
    }
    walk(statement, (inner) => {
      if (inner.type.includes("Function")) return false;
      if (inner.type === "AwaitExpression") effects.push(`line ${lineOf(inner)}: waits`);
      if (inner.type === "CallExpression" || inner.type === "NewExpression") {
        const name = rootName(inner.callee as Node);
        if (name !== undefined && outside.has(name)) effects.push(`line ${lineOf(inner)}: calls ${name}`);
      }
      return true;
    });
  }
  return { specifiers: [...specifiers], effects };
}

/** `a` of `a.b.c()`. */
function rootName(node: Node): string | undefined {
  if (node.type === "Identifier") return String(node.name);
  return node.type === "MemberExpression" ? rootName(node.object as Node) : undefined;
}

/** Visits every node below; a visitor that gives false keeps its children from being visited. */
function walk(value: unknown, visit: (node: Node) => boolean): void {
  if (Array.isArray(value)) for (const item of value) walk(item, visit);
  else if (isNode(value) && visit(value)) for (const child of Object.values(value)) walk(child, visit);
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && typeof (value as Node).type === "string";
}
