// promtool's notation of input series, as samples at a moment: what a local reading would be if it saw the same machine.
import type { Sample } from "../../worker/sample.ts";
import { secondsOf, type UnitTest } from "./rule-set.ts";

/** As Prometheus looks back for the last sample of a series. */
const LOOKBACK_SECONDS = 300;
/** A scrape adds them. */
const SCRAPE_LABELS = new Set(["job", "instance"]);

type Value = number | "stale" | undefined;

/** @returns what is to be seen that long after the start, without the labels that a scrape adds. */
export function samplesOf(unit: UnitTest): (seconds: number) => Sample[] {
  const interval = secondsOf(unit.interval);
  const all = unit.input_series.map(({ series, values }) => ({ ...identity(series), values: expand(values) }));
  return (seconds) =>
    all.flatMap(({ name, labels, values }) => {
      for (let index = Math.min(Math.floor(seconds / interval), values.length - 1); index >= 0; index--) {
        const value = values[index];
        if (value === "stale" || seconds - index * interval > LOOKBACK_SECONDS) return [];
        if (value !== undefined) return [{ name, labels, value }];
      }
      return [];
    });
}

/** `1x2 _ stale 5+10x1` → 1 1 1, nothing, stale, 5 15. */
export function expand(values: string): Value[] {
  return values.split(/\s+/).flatMap((item): Value[] => {
    const [, text = "", , step = "0", times = "0"] =
      /^(_|stale|-?[\d.e]+)(([+-][\d.e]+)?x(\d+))?$/.exec(item) ?? fail(`not a value of a series: ${item}`);
    const count = Number(times) + 1;
    // `_x3` is three, `1x3` is four.
    if (text === "_") return Array.from({ length: Math.max(1, Number(times)) }, () => undefined);
    if (text === "stale") return ["stale"];
    return Array.from({ length: count }, (_, index) => Number(text) + index * Number(step));
  });
}

function identity(series: string): { name: string; labels: Record<string, string> } {
  const [, name = "", inner = ""] = /^(\w+)\{(.*)\}$/.exec(series) ?? fail(`not a series: ${series}`);
  const labels = [...inner.matchAll(/(\w+)="([^"]*)"/g)].map(([, label = "", value = ""]) => [label, value] as const);
  return { name, labels: Object.fromEntries(labels.filter(([label]) => !SCRAPE_LABELS.has(label))) };
}

function fail(message: string): never {
  throw new SyntaxError(message);
}
