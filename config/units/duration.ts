// Prometheus' durations: `1h30m`, `90s`, `250ms`. Source: Prometheus documentation, "Configuration", `<duration>`.
import { type Parsed, parsed, refused } from "./parsed.ts";

/** Largest first: a duration names each unit at most once, in this order. */
const UNIT_MS: readonly (readonly [unit: string, ms: number])[] = [
  ["y", 365 * 86_400_000],
  ["w", 7 * 86_400_000],
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
];

export const DURATION_PATTERN =
  "^(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?$";
const DURATION = new RegExp(DURATION_PATTERN);
/** Prometheus keeps durations as 64-bit nanoseconds: a little more than 292 years. */
const MAX_MS = 9_223_372_036_854;

/** @returns seconds, with milliseconds as the fraction. */
export function parseDuration(text: string): Parsed<number> {
  if (text === "0") return parsed(0);
  const match = DURATION.exec(text);
  if (text === "" || match === null) return refused(`${JSON.stringify(text)} is not a duration: ${remedy(text)}`);
  let totalMs = 0;
  // Each unit has two groups: with its letter, and the bare number.
  for (const [at, [, ms]] of UNIT_MS.entries()) totalMs += Number(match[2 * at + 2] ?? 0) * ms;
  if (totalMs > MAX_MS) return refused(`${text} is longer than the 292 years a duration can hold: write a shorter one`);
  return parsed(totalMs / 1000);
}

function remedy(text: string): string {
  const number = /^[0-9]+$/.exec(text.trim())?.[0];
  if (number !== undefined) return `give the unit, such as ${number}s or ${number}m`;
  return "write whole numbers with the units y w d h m s ms, largest first, such as 90s or 1h30m";
}

/** The shortest spelling that parses to the same milliseconds; weeks and years stay days. */
export function formatDuration(seconds: number): string {
  let restMs = Math.round(seconds * 1000);
  if (restMs <= 0) return "0s";
  let text = "";
  for (const [unit, ms] of UNIT_MS.slice(2)) {
    const whole = Math.floor(restMs / ms);
    if (whole > 0) text += `${whole}${unit}`;
    restMs -= whole * ms;
  }
  return text;
}
