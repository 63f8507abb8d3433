// Numbers as the kernel prints them: decimal digits. Anything else, and what a double cannot hold exactly, is no number.

/** @returns undefined unless the text is digits alone and at most 2^53 - 1. */
export function parseCount(text: string | undefined): number | undefined {
  if (text === undefined || !/^[0-9]{1,16}$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** A `Name:   123 kB` line of /proc/meminfo, status or smaps_rollup, in bytes; undefined if absent or cut short. */
export function kibibytesLine(text: string, name: string): number | undefined {
  const start = text.startsWith(`${name}:`) ? 0 : text.indexOf(`\n${name}:`) + 1;
  if (start === 0 && !text.startsWith(`${name}:`)) return undefined;
  const end = text.indexOf("\n", start);
  const line = text.slice(start + name.length + 1, end === -1 ? undefined : end);
  const kibibytes = parseCount(/^[ \t]*([0-9]+) kB$/.exec(line)?.[1]);
  const bytes = kibibytes === undefined ? undefined : kibibytes * 1024;
  return bytes !== undefined && Number.isSafeInteger(bytes) ? bytes : undefined;
}
