// Budgets: how many starts in which window, `3/30m`.
import type { Budget } from "../../worker/spec.ts";
import { parseDuration } from "./duration.ts";
import { type Parsed, parsed, refused } from "./parsed.ts";

export const BUDGET_PATTERN = "^[1-9][0-9]*/[0-9a-z]+$";
const MAX_STARTS = 10_000;

export function parseBudget(text: string): Parsed<Budget> {
  const [, count, window] = /^([0-9]+)\/(.+)$/s.exec(text) ?? [];
  if (count === undefined || window === undefined) {
    return refused(`${JSON.stringify(text)} is not a budget: write starts/window, such as 3/30m`);
  }
  const starts = Number(count);
  if (starts < 1) return refused("a budget allows at least one start: write 1/30m, or `dry_run` to start nothing");
  if (starts > MAX_STARTS) return refused(`a budget of ${count} starts rations nothing: write at most ${MAX_STARTS}`);
  const duration = parseDuration(window);
  if (!duration.ok) return refused(`the window of the budget: ${duration.problem}`);
  if (duration.value <= 0) return refused("the window of a budget must be longer than 0: write, for example, 3/30m");
  return parsed({ starts, windowSeconds: duration.value });
}
