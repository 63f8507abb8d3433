// From the catalogue to families: a collector names a metric, its type and help come from the one place.
import type { MetricFamily, MetricSample } from "../daemon/metric.ts";
import { EXPORTER_CATALOGUE, type MetricName } from "./catalogue/catalogue.ts";
import type { ExporterEntry } from "./catalogue/entry.ts";
import type { CollectorName } from "./collector-names.ts";

/** The metrics of a collector whose values are actionable samples. */
export function actionableNames(collector: CollectorName): readonly MetricName[] {
  return EXPORTER_CATALOGUE.filter((entry) => entry.collector === collector && "actionable" in entry).map(
    (entry) => entry.name,
  );
}

const BY_NAME = new Map<MetricName, ExporterEntry>(EXPORTER_CATALOGUE.map((entry) => [entry.name, entry]));

/** A family with the type and help of its catalogue entry. */
export function family(name: MetricName, samples: readonly MetricSample[]): MetricFamily {
  const entry = BY_NAME.get(name);
  if (entry === undefined) throw new TypeError(`${name} is not in the catalogue`);
  return { name, help: entry.help, type: entry.type, samples };
}
