// /proc/<pid>/statm: the cheapest memory figure, and since Linux 6.16 the exact one (stat's field 24 is an estimate).
import { parseCount } from "./counts.ts";

/**
 * Source: proc_pid_statm(5), field 2.
 * @returns resident pages; undefined if malformed or cut short.
 */
export function parseStatm(text: string): { residentPages: number } | undefined {
  const first = text.indexOf(" ");
  const second = text.indexOf(" ", first + 1);
  if (first === -1 || second === -1) return undefined;
  const residentPages = parseCount(text.slice(first + 1, second));
  if (residentPages === undefined || parseCount(text.slice(0, first)) === undefined) return undefined;
  return { residentPages };
}
