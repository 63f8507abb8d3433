// The tables of metrics in the READMEs are what the catalogues say. `UPDATE_GOLDEN=1` writes them anew.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { CatalogueEntry } from "../../daemon/metric.ts";
import { PROCESS_CATALOGUE } from "../../daemon/process-metrics.ts";
import { EXPORTER_CATALOGUE } from "../../exporter/catalogue/catalogue.ts";
import { COLLECTOR_NAMES } from "../../exporter/collector-names.ts";
import { READ_SOURCES } from "../../worker/reading.ts";

const PROJECT = join(import.meta.dirname, "../..");
const [BEGIN, END] = ["<!-- metrics -->", "<!-- /metrics -->"];

/** How many series the labels beside those of host and worker make. */
const VALUES: Readonly<Record<string, number | string>> = {
  source: READ_SOURCES.length,
  collector: COLLECTOR_NAMES.length,
  manager: 1,
  version: 1,
  revision: 1,
  node_version: 1,
};

test("exporter/README.md lists every metric with type, labels, meaning, source and cardinality", () => {
  const file = join(PROJECT, "exporter/README.md");
  const text = readFileSync(file, "utf8");
  const [before = "", rest = ""] = text.split(BEGIN);
  const after = rest.split(END)[1] ?? "";
  const table = tableOf([...EXPORTER_CATALOGUE, ...PROCESS_CATALOGUE]);
  const wanted = `${before}${BEGIN}\n\n${table}\n\n${END}${after}`;
  if (process.env.UPDATE_GOLDEN === "1") writeFileSync(file, wanted);
  expect(readFileSync(file, "utf8"), "UPDATE_GOLDEN=1 writes it anew").toBe(wanted);
});

function tableOf(entries: readonly (CatalogueEntry & { collector?: string })[]): string {
  const rows = entries.map((entry) => [
    `\`${entry.name}\``,
    entry.type,
    entry.labels.map((label) => `\`${label}\``).join(" "),
    entry.collector ?? "self",
    entry.help,
    entry.source,
    cardinality(entry),
  ]);
  const head = ["Metric", "Type", "Labels", "Collector", "Meaning", "Source", "Series"];
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.map(escaped).join(" | ")} |`).join("\n");
}

function cardinality({ labels }: CatalogueEntry): string {
  const factors = labels
    .filter((label) => !["host", "worker", "group"].includes(label))
    .map((label) => VALUES[label] ?? label);
  const times = factors.filter((factor) => factor !== 1);
  return [labels.includes("worker") ? "1 per worker" : "1", ...times].join(" × ");
}

function escaped(text: string): string {
  return text.replaceAll("|", "\\|");
}
