// Does the host hold, and is it the workers that hold its memory?
import { BytesIEC, CountsPerSecond, PercentUnit } from "@grafana/grafana-foundation-sdk/units";
import { BAD, barsOnTheRight, dashed, WARNING } from "../look.ts";
import type { SizedPanel } from "../panels/panel.ts";
import { timeSeries } from "../panels/time-series.ts";
import { CHOSEN_HOSTS, CHOSEN_WORKERS, ranked } from "../promql.ts";

/** With several hosts, those that were closest to their floor. */
const NEAREST = 3;
const nearest = (expr: string) =>
  `${expr}\n  and on (host) ${ranked("lowest", NEAREST, `host:pitcrew_system_memory_available_bytes:floor_ratio{${CHOSEN_HOSTS}}`)}`;
const of = (metric: string) => nearest(`max by (host) (${metric}{${CHOSEN_HOSTS}})`);

export function hostPanels(): SizedPanel[] {
  return [available(), held(), pressure()];
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
    { width: 8, height: 9 },
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
    { width: 8, height: 9 },
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
  return timeSeries(
    {
      id: 5,
      title: "Memory pressure and brakes",
      description:
        "Bars: how often the workers' emergency brakes held. Bad: brakes that go on after renewals: fresh processes find too little memory as well, so the host is too small for its workers.",
      unit: PercentUnit,
    },
    { width: 8, height: 9 },
    [
      {
        expr: nearest(`sum by (host) (rate(pitcrew_worker_brakes_total{${CHOSEN_WORKERS}}[$__rate_interval]))`),
        legend: "{{host}} brakes",
        look: barsOnTheRight(CountsPerSecond, "brakes"),
      },
    ],
  );
}
