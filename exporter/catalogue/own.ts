// What the exporter says of itself, also when every collector fails.
import type { ExporterEntry } from "./entry.ts";

const HOST = ["host"] as const;

export const OWN_METRICS = [
  {
    name: "pitcrew_exporter_collector_success",
    type: "gauge",
    labels: [...HOST, "collector"],
    collector: "self",
    help: "1 if the collector succeeded in this scrape, else 0.",
    source: "exporter",
  },
  {
    name: "pitcrew_exporter_collector_duration_seconds",
    type: "gauge",
    labels: [...HOST, "collector"],
    collector: "self",
    help: "Seconds that the collector took in this scrape, the look at the machine that all share included.",
    source: "exporter",
  },
  {
    name: "pitcrew_exporter_build_info",
    type: "gauge",
    labels: [...HOST, "version", "revision", "node_version"],
    collector: "self",
    help: "1, with the version that runs. Also the heartbeat of the loop.",
    source: "build",
  },
  {
    name: "pitcrew_exporter_config_last_reload_successful",
    type: "gauge",
    labels: HOST,
    collector: "self",
    help: "1 if the configuration was last loaded without an error, else 0.",
    source: "exporter",
  },
  {
    name: "pitcrew_exporter_config_last_reload_success_timestamp_seconds",
    type: "gauge",
    labels: HOST,
    collector: "self",
    help: "Last successful load of the configuration as Unix time in seconds.",
    source: "exporter",
  },
] as const satisfies readonly ExporterEntry[];
