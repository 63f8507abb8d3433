// Every metric that the exporter publishes: the source of HELP and TYPE, of the documentation, and of what a collector may name.
import { SYSTEM_METRICS } from "./machine.ts";
import { OWN_METRICS } from "./own.ts";
import { RECORD_METRICS } from "./records.ts";
import { WORKER_METRICS } from "./worker.ts";

export const EXPORTER_CATALOGUE = [...WORKER_METRICS, ...RECORD_METRICS, ...SYSTEM_METRICS, ...OWN_METRICS] as const;

export type MetricName = (typeof EXPORTER_CATALOGUE)[number]["name"];
