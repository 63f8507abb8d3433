// A strict reader of both exposition formats: what a lenient scraper would let pass is an error here.
import type { ExpositionFormat } from "../../daemon/exposition.ts";

export interface ParsedFamily {
  type: string;
  help: string;
  /** `name{a="x",b="y"}`, labels sorted → value. */
  series: Map<string, number>;
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/;
/** Lengths, times and shares in anything but base units, as promtool's linter has them. */
const DERIVED_UNIT =
  /_(?:ms|us|ns|milliseconds|microseconds|nanoseconds|minutes|hours|days|kilobytes|megabytes|gigabytes|kib|mib|gib|kb|mb|gb|bits|percent|percentage)(?:_|$)/;
const NUMBER = /^(NaN|[+-]Inf|[+-]?\d+(\.\d+)?(e[+-]?\d+)?)$/;

/** @throws Error that names the line */
export function parseExposition(text: string, format: ExpositionFormat): Map<string, ParsedFamily> {
  if (!text.endsWith("\n")) throw new Error("the last line is not ended");
  const lines = text.slice(0, -1).split("\n");
  if (format === "openmetrics" && lines.pop() !== "# EOF") throw new Error("the last line is not # EOF");
  if (lines.length === 1 && lines[0] === "") return new Map();

  const families = new Map<string, ParsedFamily>();
  const allSeries = new Set<string>();
  let current: { name: string; family: ParsedFamily } | undefined;
  let help: { name: string; text: string } | undefined;
  for (const [index, line] of lines.entries()) {
    const fail = (why: string): never => {
      throw new Error(`line ${index + 1}: ${why}: ${line}`);
    };
    const comment = /^# (HELP|TYPE|UNIT) (\S+) (.+)$/.exec(line);
    if (comment?.[1] === "UNIT") {
      const [, , name = "", unit = ""] = comment;
      if (format !== "openmetrics") fail("unexpected comment");
      if (current?.name !== name || current.family.series.size > 0) fail("UNIT not right after its TYPE");
      if (!name.endsWith(`_${unit}`)) fail("a unit that the name does not end with");
      continue;
    }
    if (comment !== null) {
      const [, keyword, name = "", rest = ""] = comment;
      if (NAME.exec(name)?.[0] !== name) fail("bad metric name");
      if (keyword === "HELP") {
        if (current?.family.series.size === 0) fail("a family without samples before this one");
        if (help !== undefined && !families.has(help.name)) fail("HELP without its TYPE before this one");
        help = { name, text: rest };
        continue;
      }
      if (help?.name !== name) fail("TYPE without its HELP right before");
      if (families.has(name)) fail("family twice");
      if (!["gauge", "counter", "histogram"].includes(rest)) fail("unknown type");
      if (DERIVED_UNIT.test(name)) fail("not a base unit");
      if (rest === "counter" && (format === "text") !== name.endsWith("_total")) fail("counter misnamed");
      current = { name, family: { type: rest, help: help?.text ?? "", series: new Map() } };
      families.set(name, current.family);
      continue;
    }
    if (line.startsWith("#")) fail("unexpected comment");
    if (current === undefined) return fail("sample before its family");
    const sample = parseSample(line) ?? fail("not a sample");
    if (!belongs(sample.name, current, format)) fail(`sample outside of its family ${current.name}`);
    if (current.family.type === "counter" && !(sample.value >= 0)) fail("a counter below zero, or no number");
    const key = seriesKey(sample.name, sample.labels);
    if (allSeries.has(key)) fail("series twice");
    allSeries.add(key);
    current.family.series.set(key, sample.value);
  }
  if (current?.family.series.size === 0) throw new Error(`${current.name} is a family without samples`);
  if (help !== undefined && !families.has(help.name)) throw new Error(`${help.name} has a HELP without its TYPE`);
  return families;
}

export function seriesKey(name: string, labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${name}{${pairs.map(([label, value]) => `${label}=${JSON.stringify(value)}`).join(",")}}`;
}

/** Every series of a text exposition. */
export function parseSeries(text: string, format: ExpositionFormat = "text"): Map<string, number> {
  return new Map([...parseExposition(text, format).values()].flatMap(({ series }) => [...series]));
}

function belongs(
  sample: string,
  { name, family }: { name: string; family: ParsedFamily },
  format: ExpositionFormat,
): boolean {
  switch (family.type) {
    case "histogram":
      return [`${name}_bucket`, `${name}_sum`, `${name}_count`].includes(sample);
    case "counter":
      return sample === (format === "text" ? name : `${name}_total`);
    default:
      return sample === name;
  }
}

function parseSample(line: string): { name: string; labels: Record<string, string>; value: number } | undefined {
  const name = NAME.exec(line)?.[0];
  if (name === undefined) return undefined;
  let rest = line.slice(name.length);
  const labels: Record<string, string> = {};
  if (rest.startsWith("{")) {
    rest = rest.slice(1);
    for (;;) {
      const pair = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"([,}])/.exec(rest);
      if (pair === null) return undefined;
      const [all, label = "", value = "", end] = pair;
      if (label in labels) return undefined;
      labels[label] = value.replace(/\\(.)/g, (_all, escaped: string) => (escaped === "n" ? "\n" : escaped));
      rest = rest.slice(all.length);
      if (end === "}") break;
    }
  }
  const number = rest.slice(1);
  if (!rest.startsWith(" ") || !NUMBER.test(number)) return undefined;
  return { name, labels, value: Number(number.replace("Inf", "Infinity")) };
}
