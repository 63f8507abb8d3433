// Does the host hold, and is it the workers that hold its memory?
import { BytesIEC, PercentUnit, Short } from "@grafana/grafana-foundation-sdk/units";
import { BAD, barsOnTheRight, dashed, WARNING } from "../look.ts";
import type { SizedPanel } from "../panels/panel.ts";
import { timeSeries } from "../panels/time-series.ts";
import { CHOSEN_HOSTS, CHOSEN_WORKERS, ranked } from "../promql.ts";

const SIZE = { width: 12, height: 9 };
/** With several hosts, those that were closest to their floor. */
const NEAREST = 3;
const nearest = (expr: string) =>
  `${expr}\n  and on (host) ${ranked("lowest", NEAREST, `host:pitcrew_system_memory_available_bytes:floor_ratio{${CHOSEN_HOSTS}}`)}`;
const of = (metric: string) => nearest(`max by (host) (${metric}{${CHOSEN_HOSTS}})`);

export function hostPanels(): SizedPanel[] {
  return [available(), held(), pressure(), swap()];
}

function available(): SizedPanel {
  return timeSeries(
    {
      id: 4,
      title: "Host memory against its floors",
      description:
        "Available memory of the hosts that come closest to their floor. Bad: below the upper dashed line for a minute the largest worker is renewed; below the lower one it is ended at once, and the kernel's OOM killer is near.",
      unit: BytesIEC,
    },
    SIZE,
    [
      { expr: of("pitcrew_system_memory_available_bytes"), legend: "{{host}} available" },
      { expr: of("pitcrew_system_memory_available_min_bytes"), legend: "{{host}} floor", look: dashed(WARNING) },
      { expr: of("pitcrew_system_memory_available_critical_bytes"), legend: "{{host}} critical", look: dashed(BAD) },
    ],
  );
}

function held(): SizedPanel {
  return timeSeries(
    {
      id: 11,
      title: "Who holds the memory",
      description:
        "Memory in use on the same hosts, and the part of it that is workers'. Bad: use far above the workers' part while the host is low: something else holds the memory, and no restart of a worker helps. The dashed line is all that the host has.",
      unit: BytesIEC,
    },
    SIZE,
    [
      {
        expr: nearest(
          `max by (host) (pitcrew_system_memory_total_bytes{${CHOSEN_HOSTS}} - pitcrew_system_memory_available_bytes{${CHOSEN_HOSTS}})`,
        ),
        legend: "{{host}} in use",
      },
      { expr: nearest(`sum by (host) (pitcrew_worker_memory_bytes{${CHOSEN_HOSTS}})`), legend: "{{host}} workers" },
      { expr: of("pitcrew_system_memory_total_bytes"), legend: "{{host}} total", look: dashed(BAD) },
    ],
  );
}

function pressure(): SizedPanel {
  const share = (kind: string) =>
    nearest(
      `max by (host) (rate(pitcrew_system_memory_pressure_${kind}_seconds_total{${CHOSEN_HOSTS}}[$__rate_interval]))`,
    );
  return timeSeries(
    {
      id: 5,
      title: "Memory pressure and brakes",
      description:
        "Share of the time in which some tasks waited for memory, and in which all did; bars: how often the workers' emergency brakes held, in a minute. Bad: “all wait” above a few percent: the host does little else; brakes that go on after renewals: fresh processes find too little memory as well, so the host is too small for its workers.",
      unit: PercentUnit,
    },
    SIZE,
    [
      { expr: share("waiting"), legend: "{{host}} some wait" },
      { expr: share("stalled"), legend: "{{host}} all wait" },
      {
        expr: nearest(`60 * sum by (host) (rate(pitcrew_worker_brakes_total{${CHOSEN_WORKERS}}[$__rate_interval]))`),
        legend: "{{host}} brakes",
        look: barsOnTheRight(Short, "brakes a minute"),
      },
    ],
  );
}

function swap(): SizedPanel {
  return timeSeries(
    {
      id: 12,
      title: "Swap in use, and OOM kills",
      description:
        "Swap of the same hosts, all that there is dashed; bars: processes that the kernel killed for lack of memory. Bad: any bar: the kernel was faster than pitcrew, so floors are too low or too many workers run; swap that fills while workers grow: they get slow long before they reach a limit.",
      unit: BytesIEC,
    },
    SIZE,
    [
      {
        expr: nearest(
          `max by (host) (pitcrew_system_swap_total_bytes{${CHOSEN_HOSTS}} - pitcrew_system_swap_free_bytes{${CHOSEN_HOSTS}})`,
        ),
        legend: "{{host}} in use",
      },
      { expr: of("pitcrew_system_swap_total_bytes"), legend: "{{host}} total", look: dashed(BAD) },
      {
        expr: nearest(`max by (host) (increase(pitcrew_system_oom_kills_total{${CHOSEN_HOSTS}}[$__rate_interval]))`),
        legend: "{{host}} OOM kills",
        look: barsOnTheRight(Short, "OOM kills"),
      },
    ],
  );
}
