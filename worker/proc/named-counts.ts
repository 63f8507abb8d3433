// Files of `name value` lines: /proc/vmstat, memory.stat, memory.events, memory.oom_control.
import { parseCount } from "./counts.ts";

/** The value of a whole line `name value`; undefined if absent, cut short, or no number. */
export function namedCount(text: string, name: string): number | undefined {
  const head = `${name} `;
  const start = text.startsWith(head) ? 0 : text.indexOf(`\n${head}`) + 1;
  if (start === 0 && !text.startsWith(head)) return undefined;
  const end = text.indexOf("\n", start);
  return end === -1 ? undefined : parseCount(text.slice(start + head.length, end));
}
