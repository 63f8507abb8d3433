// One row of the exporter's catalogue.
import type { CatalogueEntry } from "../../daemon/metric.ts";
import type { CollectorName } from "../collector-names.ts";

export interface ExporterEntry extends CatalogueEntry {
  type: "gauge" | "counter";
  /** `self`: of the exporter itself, there even when every collector fails. */
  collector: CollectorName | "self";
  /** Named by a rule that asks for action: the value is the actionable sample of worker/, never computed here. */
  actionable?: true;
}
