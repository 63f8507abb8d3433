// One YAML text as a plain value, with the position of every key and value, and every way in which it is not YAML.
import { type Document, isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument } from "yaml";

export type Path = readonly (string | number)[];

export interface Position {
  line: number;
  column: number;
}

export interface SourceProblem extends Position {
  path: Path;
  message: string;
}

export interface SourceDocument {
  value: unknown;
  /** The text is not YAML there; what follows the first may have been misread. */
  syntaxProblems: readonly SourceProblem[];
  duplicateKeys: readonly SourceProblem[];
  /** Of a key or of its value; of the nearest ancestor where the path itself is not in the text. */
  position(path: Path, part: "key" | "value"): Position;
  isWritten(path: Path): boolean;
}

const MAX_ALIASES = 100;

export function readSource(text: string): SourceDocument {
  const lines = new LineCounter();
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const syntaxProblems: SourceProblem[] = [];
  const fail = (cause: unknown): void => {
    const why = cause instanceof Error ? cause.message : String(cause);
    syntaxProblems.push({ line: 1, column: 1, path: [], message: `cannot be read as YAML: ${why}` });
  };

  let document: Document.Parsed | undefined;
  let value: unknown;
  try {
    // Duplicate keys are found by our own walk, which knows the path and the position of the first.
    document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      uniqueKeys: false,
      stringKeys: true,
      merge: true,
    });
    for (const { pos, message } of [...document.errors, ...document.warnings]) {
      syntaxProblems.push({ ...at(pos[0]), path: [], message: syntaxRemedy(message) });
    }
    value = document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (cause) {
    // Hostile nesting or aliases: the library throws instead of listing it.
    fail(cause);
  }

  const root: Node | null = document?.contents ?? null;
  return {
    value,
    syntaxProblems: syntaxProblems.toSorted((a, b) => a.line - b.line || a.column - b.column),
    duplicateKeys: [...duplicates(root, [], at)],
    position: (path, part) => locate(root, path, part, at),
    isWritten: (path) => find(root, path) !== undefined,
  };
}

/** The library's sentence, with what to do about the mistakes that people make most. */
function syntaxRemedy(message: string): string {
  if (message.includes("Tabs are not allowed")) return `not YAML: ${message}: indent with spaces`;
  if (message.includes("multiple documents"))
    return "the file holds more than one YAML document: keep one, without `---`";
  return `not YAML: ${message}`;
}

interface Entry {
  key: Node | undefined;
  value: Node | undefined;
}

function* duplicates(node: unknown, path: Path, at: (offset: number) => Position): Generator<SourceProblem> {
  if (isSeq(node)) {
    for (const [index, item] of node.items.entries()) yield* duplicates(item, [...path, index], at);
  }
  if (!isMap(node)) return;
  const firstLines = new Map<string, number>();
  for (const pair of node.items) {
    const name = keyName(pair);
    if (name === undefined || name === "<<") continue;
    const here = [...path, name];
    const position = at(startOf(pair.key as Node) ?? 0);
    const firstLine = firstLines.get(name);
    if (firstLine === undefined) firstLines.set(name, position.line);
    else yield { ...position, path: here, message: `written twice, first on line ${firstLine}: keep one of the two` };
    yield* duplicates(pair.value, here, at);
  }
}

function locate(root: Node | null, path: Path, part: "key" | "value", at: (offset: number) => Position): Position {
  for (let length = path.length; length > 0; length--) {
    const entry = find(root, path.slice(0, length));
    if (entry === undefined) continue;
    const wanted = part === "key" && length === path.length ? (entry.key ?? entry.value) : (entry.value ?? entry.key);
    const offset = startOf(wanted) ?? startOf(entry.key);
    if (offset !== undefined) return at(offset);
  }
  return at(startOf(root) ?? 0);
}

/** The text's own node: an alias is not followed, so that the position is where it is used. */
function find(root: Node | null, path: Path): Entry | undefined {
  let entry: Entry = { key: undefined, value: root ?? undefined };
  for (const step of path) {
    const node: unknown = entry.value;
    if (isSeq(node) && typeof step === "number" && step < node.items.length) {
      entry = { key: undefined, value: (node.items[step] ?? undefined) as Node | undefined };
    } else if (isMap(node)) {
      const pair = node.items.findLast((item) => keyName(item) === step);
      if (pair === undefined) return undefined;
      entry = { key: pair.key as Node, value: (pair.value ?? undefined) as Node | undefined };
    } else return undefined;
  }
  return entry;
}

function keyName(pair: Pair): string | undefined {
  return isScalar(pair.key) ? String(pair.key.value) : undefined;
}

function startOf(node: Node | undefined | null): number | undefined {
  return node?.range?.[0];
}
