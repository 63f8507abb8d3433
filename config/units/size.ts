// Sizes of memory: a number and its unit, 1024-based (`8GiB`) or 1000-based (`8GB`).
import { type Parsed, parsed, refused } from "./parsed.ts";

const UNIT_BYTES: Readonly<Record<string, number>> = {
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
  kB: 1000,
  MB: 1000 ** 2,
  GB: 1000 ** 3,
  TB: 1000 ** 4,
};

/** For editors; what it admits and `parseSize` refuses is zero and what is too large. */
export const SIZE_PATTERN = "^[0-9]+(\\.[0-9]+)?(KiB|MiB|GiB|TiB|kB|MB|GB|TB)$";
const SIZE = new RegExp(SIZE_PATTERN);
const UNITS = Object.keys(UNIT_BYTES).join(" ");

/** @returns whole bytes, at least 1. */
export function parseSize(text: string): Parsed<number> {
  if (!SIZE.test(text)) return refused(`${JSON.stringify(text)} is not a size: ${remedy(text)}`);
  const unitAt = text.search(/[A-Za-z]/);
  const bytes = Math.round(Number(text.slice(0, unitAt)) * (UNIT_BYTES[text.slice(unitAt)] ?? Number.NaN));
  if (bytes < 1) return refused("a size must be more than 0: to have no limit, leave the key out");
  if (!Number.isSafeInteger(bytes)) return refused(`${text} is more than any machine has: write a smaller size`);
  return parsed(bytes);
}

/** Most wrong sizes are a right number with a unit from another tool: `8G`, `8 GiB`, `512mb`. */
function remedy(text: string): string {
  const almost = /^\s*([0-9]+(?:\.[0-9]+)?)\s*([KMGT])i?B?\s*$/i.exec(text);
  const [, number, letter] = almost ?? [];
  if (number === undefined || letter === undefined) return `write a number and one of ${UNITS}, such as 8GiB`;
  const prefix = letter.toUpperCase();
  return `write ${number}${prefix}iB (1024-based) or ${number}${prefix === "K" ? "k" : prefix}B (1000-based)`;
}

/** The largest unit that keeps the number readable: `1.5GiB`, `48MiB`, `900B` has no spelling here and becomes `0.9KiB`. */
export function formatSize(bytes: number): string {
  for (const unit of ["TiB", "GiB", "MiB"]) {
    const factor = UNIT_BYTES[unit] ?? Number.NaN;
    if (bytes >= factor) return `${trimmed(bytes / factor)}${unit}`;
  }
  return `${trimmed(bytes / 1024)}KiB`;
}

function trimmed(value: number): string {
  return value.toFixed(1).replace(/\.0$/, "");
}
