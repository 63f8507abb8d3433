// Every metric that the exporter publishes: the source of HELP and TYPE, of the documentation, and of what a collector may name.
import type { CatalogueEntry, MetricFamily, MetricSample } from "../daemon/metric.ts";

const WORKER = ["host", "worker", "group"] as const;
const HOST = ["host"] as const;

export type CollectorName = "worker" | "brake" | "system";

interface ExporterEntry extends CatalogueEntry {
  type: "gauge" | "counter";
  /** `self`: of the exporter itself, there even when every collector fails. */
  collector: CollectorName | "self";
  /** Named by a rule that asks for action: the value is the actionable sample of worker/, never computed here. */
  actionable?: true;
}

export const EXPORTER_CATALOGUE = [
  {
    name: "pitcrew_worker_up",
    type: "gauge",
    labels: WORKER,
    collector: "worker",
    actionable: true,
    help: "1 if the configured worker's process runs, 0 if it does not; absent if that could not be read.",
    source: "process table, pid file or run directory",
  },
  {
    name: "pitcrew_worker_desired_up",
    type: "gauge",
    labels: WORKER,
    collector: "worker",
    actionable: true,
    help: "1 unless an operator stopped the worker, it finished, or it is only observed.",
    source: "run directory: <worker>.state",
  },
  {
    name: "pitcrew_worker_info",
    type: "gauge",
    labels: [...WORKER, "manager"],
    collector: "worker",
    help: "1 for each configured worker, with its manager.",
    source: "configuration",
  },
  {
    name: "pitcrew_worker_start_time_seconds",
    type: "gauge",
    labels: WORKER,
    collector: "worker",
    help: "Start of the worker's process as Unix time in seconds; absent when it is down.",
    source: "/proc/<pid>/stat",
  },
  {
    name: "pitcrew_worker_age_seconds",
    type: "gauge",
    labels: WORKER,
    collector: "worker",
    actionable: true,
    help: "Seconds since the worker's process started; absent when it is down.",
    source: "/proc/<pid>/stat",
  },
  {
    name: "pitcrew_worker_max_age_seconds",
    type: "gauge",
    labels: WORKER,
    collector: "worker",
    actionable: true,
    help: "Age above which the worker is renewed, jitter included; absent unless configured.",
    source: "configuration: limits.age",
  },
  {
    name: "pitcrew_worker_processes",
    type: "gauge",
    labels: WORKER,
    collector: "worker",
    help: "Processes of the worker's process tree.",
    source: "/proc/<pid>/stat",
  },
  {
    name: "pitcrew_worker_resident_memory_bytes",
    type: "gauge",
    labels: WORKER,
    collector: "worker",
    help: "Resident memory in bytes, summed over the process tree: shared pages count more than once.",
    source: "/proc/<pid>/statm",
  },
  {
    name: "pitcrew_worker_memory_bytes",
    type: "gauge",
    labels: WORKER,
    collector: "worker",
    actionable: true,
    help: "Memory in bytes that the limits are held against, as limits.measure says.",
    source: "/proc/<pid>/statm, smaps_rollup or the worker's cgroup",
  },
  {
    name: "pitcrew_worker_memory_limit_bytes",
    type: "gauge",
    labels: WORKER,
    collector: "worker",
    actionable: true,
    help: "Memory in bytes above which the worker is renewed; absent unless configured.",
    source: "configuration: limits.memory",
  },
  {
    name: "pitcrew_worker_memory_relief_bytes",
    type: "gauge",
    labels: WORKER,
    collector: "worker",
    actionable: true,
    help: "Memory in bytes above which the worker is asked to free memory; absent unless configured.",
    source: "configuration: limits.memory_relief",
  },
  {
    name: "pitcrew_worker_resident_memory_peak_bytes",
    type: "gauge",
    labels: WORKER,
    collector: "worker",
    help: "Largest sampled resident memory in bytes of the present incarnation.",
    source: "/proc/<pid>/statm",
  },
  {
    name: "pitcrew_worker_read_errors_total",
    type: "counter",
    labels: [...WORKER, "source"],
    collector: "worker",
    help: "Values of the worker that could not be read, by source.",
    source: "exporter",
  },
  {
    name: "pitcrew_worker_brakes_total",
    type: "counter",
    labels: WORKER,
    collector: "brake",
    help: "Times that the worker's emergency brake held, over all its incarnations; absent without a brake record.",
    source: "run directory: workers/<worker>/brake",
  },
  {
    name: "pitcrew_worker_consecutive_brakes",
    type: "gauge",
    labels: WORKER,
    collector: "brake",
    actionable: true,
    help: "Brakes in a row of the present incarnation.",
    source: "run directory: workers/<worker>/brake",
  },
  {
    name: "pitcrew_worker_consecutive_brakes_limit",
    type: "gauge",
    labels: WORKER,
    collector: "brake",
    actionable: true,
    help: "Brakes in a row at which the worker leaves by itself.",
    source: "run directory: workers/<worker>/brake, or configuration: limits.consecutive_brakes",
  },
  {
    name: "pitcrew_worker_last_brake_timestamp_seconds",
    type: "gauge",
    labels: WORKER,
    collector: "brake",
    help: "Last brake as Unix time in seconds; absent if there was none.",
    source: "run directory: workers/<worker>/brake",
  },
  {
    name: "pitcrew_system_memory_total_bytes",
    type: "gauge",
    labels: HOST,
    collector: "system",
    help: "Memory in bytes of the host, or of the visible cgroup root if that has less.",
    source: "/proc/meminfo, cgroup",
  },
  {
    name: "pitcrew_system_memory_available_bytes",
    type: "gauge",
    labels: HOST,
    collector: "system",
    actionable: true,
    help: "Available memory in bytes: the smaller of the host's and the headroom of the visible cgroup root.",
    source: "/proc/meminfo, cgroup",
  },
  {
    name: "pitcrew_system_memory_available_min_bytes",
    type: "gauge",
    labels: HOST,
    collector: "system",
    actionable: true,
    help: "Available memory in bytes below which the largest worker is renewed.",
    source: "configuration: system.min_available_memory",
  },
  {
    name: "pitcrew_system_memory_available_critical_bytes",
    type: "gauge",
    labels: HOST,
    collector: "system",
    actionable: true,
    help: "Available memory in bytes below which the largest worker is terminated at once.",
    source: "configuration: system.critical_available_memory",
  },
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

export type MetricName = (typeof EXPORTER_CATALOGUE)[number]["name"];

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
