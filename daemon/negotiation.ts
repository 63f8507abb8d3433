// Which exposition format a scraper gets, from its Accept header (RFC 9110, 12.5.1).
import type { ExpositionFormat } from "./exposition.ts";

interface MediaRange {
  type: string;
  version: string | undefined;
  quality: number;
}

/**
 * OpenMetrics only where it is asked for by name and no less wanted than text: a bare wildcard means a browser or curl.
 * A header that neither format satisfies gets text: a scrape with a strange header is better answered than refused.
 */
export function negotiateFormat(accept: string | undefined): ExpositionFormat {
  const ranges = (accept ?? "").split(",").map(parseRange);
  const openMetrics = quality(ranges, "application/openmetrics-text", "1.0.0");
  if (openMetrics === undefined || openMetrics === 0) return "text";
  const text = quality(ranges, "text/plain", "0.0.4") ?? quality(ranges, "text/*") ?? quality(ranges, "*/*") ?? 0;
  return openMetrics >= text ? "openmetrics" : "text";
}

function quality(ranges: readonly MediaRange[], type: string, version?: string): number | undefined {
  const matching = ranges.filter((range) => range.type === type && (range.version ?? version) === version);
  return matching.length === 0 ? undefined : Math.max(...matching.map((range) => range.quality));
}

function parseRange(text: string): MediaRange {
  const [type = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const values = new Map(
    parameters.map((parameter) => {
      const [name = "", value = ""] = parameter.split("=", 2).map((part) => part.trim());
      return [name, value.replace(/^"(.*)"$/, "$1")] as const;
    }),
  );
  return { type, version: values.get("version"), quality: parseQuality(values.get("q")) };
}

/** 0 … 1; what is no number counts as unwanted. */
function parseQuality(text: string | undefined): number {
  if (text === undefined) return 1;
  return /^(0(\.\d*)?|1(\.0*)?)$/.test(text) ? Number(text) : 0;
}
