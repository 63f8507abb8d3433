// What others count of a worker: its emergency brake, and the kernel in its control group.
import type { ExporterEntry } from "./entry.ts";

const WORKER = ["host", "worker", "group"] as const;

export const RECORD_METRICS = [
  {
    name: "pitcrew_worker_cgroup_memory_current_bytes",
    type: "gauge",
    labels: WORKER,
    collector: "cgroup",
    help: "Memory in bytes that is charged to the worker's own control group, page cache included.",
    source: "memory.current or memory.usage_in_bytes",
  },
  {
    name: "pitcrew_worker_cgroup_memory_max_bytes",
    type: "gauge",
    labels: WORKER,
    collector: "cgroup",
    help: "Memory in bytes that the worker's own control group may hold; absent without a limit.",
    source: "memory.max or memory.limit_in_bytes",
  },
  {
    name: "pitcrew_worker_oom_kills_total",
    type: "counter",
    labels: WORKER,
    collector: "cgroup",
    help: "Processes that the kernel killed in the worker's own control groups for lack of memory; stays when the worker is down.",
    source: "memory.events or memory.oom_control",
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
] as const satisfies readonly ExporterEntry[];
