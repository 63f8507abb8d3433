// The exporter's flags, in the style of node_exporter: what it collects, and how it looks.
import type { ParseArgsConfig } from "node:util";
import { COLLECTOR_NAMES, type CollectorName, READERS, type Reader } from "./exporter/collector-names.ts";
import { choice, type Flags, UsageError } from "./flags.ts";

export interface CollectorFlags {
  disabledCollectors: ReadonlySet<CollectorName>;
  reader: Reader;
}

/** Every collector is on unless it is switched off; `--collector.NAME` says so in words. */
export const COLLECTOR_OPTIONS: NonNullable<ParseArgsConfig["options"]> = {
  "collector.reader": { type: "string" },
  ...Object.fromEntries(
    COLLECTOR_NAMES.flatMap((name) => [
      [`collector.${name}`, { type: "boolean" as const }],
      [`no-collector.${name}`, { type: "boolean" as const }],
    ]),
  ),
};

export function collectorFlags(flags: Flags): CollectorFlags {
  const disabled = COLLECTOR_NAMES.filter((name) => flags[`no-collector.${name}`] === true);
  const both = disabled.find((name) => flags[`collector.${name}`] === true);
  if (both !== undefined) throw new UsageError(`--collector.${both} and --no-collector.${both} contradict each other`);
  return { disabledCollectors: new Set(disabled), reader: choice(flags, "collector.reader", READERS) ?? "auto" };
}
