// Percentages: `10%` becomes 0.1.
import { type Parsed, parsed, refused } from "./parsed.ts";

export const PERCENTAGE_PATTERN = "^[0-9]+(\\.[0-9]+)?%$";
const PERCENTAGE = new RegExp(PERCENTAGE_PATTERN);

/** @param maxPercent the largest that makes sense for this key. */
export function parsePercentage(text: string, maxPercent: number): Parsed<number> {
  if (!PERCENTAGE.test(text)) return refused(`${JSON.stringify(text)} is not a percentage: write, for example, 10%`);
  const percent = Number(text.slice(0, -1));
  if (percent > maxPercent) return refused(`${text} is too much: write at most ${maxPercent}%`);
  return parsed(percent / 100);
}
