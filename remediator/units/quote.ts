// How texts of pitcrew.yml are written in systemd's files, so that systemd reads exactly what was meant.

/** A text that cannot be written in a unit file; the message says whose it is and what to do. */
export class UnitTextError extends Error {
  readonly code = "unit_text";
}

const LINE_BREAK_OR_NUL = /[\n\r\0]/;
const CONTROL = /\p{Cc}/gu;

/**
 * One item of a list, in double quotes: systemd.syntax(7), "Quoting", and systemd.unit(5), "Specifiers".
 * @param what completes "… holds a line break"
 */
export function quoted(text: string, what: string): string {
  refuseLineBreaks(text, what);
  const escaped = text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("%", "%%");
  return `"${escaped.replace(CONTROL, (it) => `\\x${it.charCodeAt(0).toString(16).padStart(2, "0")}`)}"`;
}

/** A path that is a setting's whole value: nothing but specifiers is special in it, and blanks at its ends are lost. */
export function plainPath(path: string, what: string): string {
  refuseLineBreaks(path, what);
  if (path.trim() !== path || path.endsWith("\\"))
    throw new UnitTextError(`${what} begins or ends with what systemd would drop: ${JSON.stringify(path)}`);
  return path.replaceAll("%", "%%");
}

function refuseLineBreaks(text: string, what: string): void {
  if (LINE_BREAK_OR_NUL.test(text))
    throw new UnitTextError(`${what} holds a line break or a NUL, which no unit can: put it into a file of its own`);
}
