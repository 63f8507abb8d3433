// Text for a terminal of some width: broken between words, its further lines indented.

/** @param width undefined: a pipe or a file, where lines are as long as they are */
export function wrapped(text: string, { width, indent = 0 }: { width: number | undefined; indent?: number }): string[] {
  if (width === undefined) return [text];
  const lines: string[] = [];
  let rest = text;
  while (rest.length > width) {
    const start = lines.length === 0 ? 0 : indent;
    const space = rest.lastIndexOf(" ", width);
    // A word that is longer than a line is cut: a terminal would do so, without the indent.
    const end = space > start ? space : width;
    lines.push(rest.slice(0, end).trimEnd());
    rest = `${" ".repeat(indent)}${rest.slice(end).trimStart()}`;
    if (indent >= width) break;
  }
  return [...lines, rest];
}

/** Parts with a separator, as many to a line as fit. */
export function flowed(parts: readonly string[], separator: string, width: number | undefined): string[] {
  const lines: string[] = [];
  let line = "";
  for (const part of parts) {
    const longer = line === "" ? part : `${line}${separator}${part}`;
    if (line !== "" && width !== undefined && longer.length > width) {
      lines.push(line);
      line = part;
    } else line = longer;
  }
  return line === "" ? lines : [...lines, line];
}
