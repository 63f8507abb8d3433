// What the whole machine has left.
import type { ExporterEntry } from "./entry.ts";

const HOST = ["host"] as const;

export const SYSTEM_METRICS = [
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
    name: "pitcrew_system_swap_total_bytes",
    type: "gauge",
    labels: HOST,
    collector: "system",
    help: "Swap in bytes of the host, or of the visible cgroup root if that has less.",
    source: "/proc/meminfo, cgroup",
  },
  {
    name: "pitcrew_system_swap_free_bytes",
    type: "gauge",
    labels: HOST,
    collector: "system",
    help: "Unused swap in bytes of the host, or of the visible cgroup root if that has less.",
    source: "/proc/meminfo, cgroup",
  },
  {
    name: "pitcrew_system_oom_kills_total",
    type: "counter",
    labels: HOST,
    collector: "system",
    help: "Processes that the kernel killed for lack of memory since boot.",
    source: "/proc/vmstat",
  },
  {
    name: "pitcrew_system_memory_pressure_waiting_seconds_total",
    type: "counter",
    labels: HOST,
    collector: "pressure",
    help: "Seconds in which at least one task waited for memory (PSI some).",
    source: "memory.pressure of the visible cgroup root, or /proc/pressure/memory",
  },
  {
    name: "pitcrew_system_memory_pressure_stalled_seconds_total",
    type: "counter",
    labels: HOST,
    collector: "pressure",
    help: "Seconds in which all tasks waited for memory at once (PSI full).",
    source: "memory.pressure of the visible cgroup root, or /proc/pressure/memory",
  },
] as const satisfies readonly ExporterEntry[];
