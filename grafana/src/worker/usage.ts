// What it uses, by kind, and what of it could not be read.
import { BytesIEC, Short } from "@grafana/grafana-foundation-sdk/units";
import { BAD, barsOnTheRight, dashed } from "../look.ts";
import type { SizedPanel } from "../panels/panel.ts";
import { timeSeries } from "../panels/time-series.ts";
import { perWorker, THIS_WORKER } from "../promql.ts";

const of = (metric: string) => perWorker(`${metric}{${THIS_WORKER}}`);
const SIZE = { width: 12, height: 8 };

export function usagePanels(): SizedPanel[] {
  return [cpu(), processes(), kinds(), unread()];
}

function cpu(): SizedPanel {
  return timeSeries(
    {
      id: 15,
      title: "CPU",
      description:
        "Cores in use by its whole tree: 1 is one core all the time. Bad: near 0 while it should work: it waits, for data, a lock or memory; all of the host's cores for long.",
      unit: Short,
    },
    SIZE,
    [{ expr: perWorker(`rate(pitcrew_worker_cpu_seconds_total{${THIS_WORKER}}[$__rate_interval])`), legend: "cores" }],
  );
}

function processes(): SizedPanel {
  return timeSeries(
    {
      id: 16,
      title: "Processes and threads",
      description:
        "Of its tree. Bad: a number that only grows: children that are not waited for, pools that are never closed; a fall to fewer than it needs: data loaders that died.",
      unit: Short,
    },
    SIZE,
    [
      { expr: of("pitcrew_worker_processes"), legend: "processes" },
      { expr: of("pitcrew_worker_threads"), legend: "threads" },
    ],
    { decimals: 0 },
  );
}

function kinds(): SizedPanel {
  return timeSeries(
    {
      id: 19,
      title: "Memory by kind, and OOM kills",
      description:
        "Proportional memory divides shared pages by their users, unique memory is what its end would give back; both only where they are measured. The control group's counts files, too, and its own limit is dashed; bars: processes of it that the kernel killed. Bad: any bar: the control group's limit must stand well above pitcrew's; swap that fills: it is slow and looks small.",
      unit: BytesIEC,
    },
    SIZE,
    [
      { expr: of("pitcrew_worker_proportional_memory_bytes"), legend: "proportional" },
      { expr: of("pitcrew_worker_unique_memory_bytes"), legend: "unique" },
      { expr: of("pitcrew_worker_swap_memory_bytes"), legend: "swapped out" },
      { expr: of("pitcrew_worker_cgroup_memory_current_bytes"), legend: "control group" },
      { expr: of("pitcrew_worker_cgroup_memory_max_bytes"), legend: "control group's limit", look: dashed(BAD) },
      {
        expr: perWorker(`increase(pitcrew_worker_oom_kills_total{${THIS_WORKER}}[$__rate_interval])`),
        legend: "OOM kills",
        look: barsOnTheRight(Short, "OOM kills"),
      },
    ],
  );
}

function unread(): SizedPanel {
  return timeSeries(
    {
      id: 20,
      title: "Values that could not be read",
      description:
        "By source. One now and then is a process that ended while it was read. Bad: a steady flow: rights are missing, and rules cannot fire on what is not there.",
      unit: Short,
    },
    SIZE,
    [
      {
        expr: `sum by (source) (increase(pitcrew_worker_read_errors_total{${THIS_WORKER}}[$__rate_interval]))`,
        legend: "{{source}}",
      },
    ],
    { events: true },
  );
}
