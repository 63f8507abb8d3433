// Problems with a path become problems with a place: what may only have been misread behind a syntax error is left out.
import type { ConfigProblem } from "../problem.ts";
import { type Found, pathText } from "./found.ts";
import type { SourceDocument } from "./source-document.ts";

/** In the order of their lines. */
export function placed(file: string, source: SourceDocument, found: readonly Found[]): ConfigProblem[] {
  const [broken] = source.syntaxProblems;
  const problems = [...source.syntaxProblems, ...source.duplicateKeys].map(({ line, column, path, message }) => ({
    file,
    line,
    column,
    path: pathText(path),
    message,
  }));
  for (const { path, message, part, absence } of found) {
    const at = source.position(path, part);
    // What stands behind a syntax error, or seems to be missing, may be there and only have been misread.
    const doubtful = broken !== undefined && (absence === true || at.line >= broken.line);
    if (!doubtful) problems.push({ file, ...at, path: pathText(path), message });
  }
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
}
