// How it came to this: limits used over time, and the renewals.
import { PercentUnit, Short } from "@grafana/grafana-foundation-sdk/units";
import { BAD } from "../look.ts";
import type { SizedPanel } from "../panels/panel.ts";
import { timeSeries } from "../panels/time-series.ts";
import { CHOSEN_WORKERS, extreme } from "../promql.ts";

const SHOWN = 8;

export function trendPanels(): SizedPanel[] {
  return [
    timeSeries(
      {
        id: 8,
        title: "Memory against its limit",
        description:
          "The workers that came closest to their memory limit. A saw-tooth is a leak that is renewed in time. Bad: a line that stays above the dashed one; teeth that get narrower; a renewal after which the line starts high.",
        unit: PercentUnit,
      },
      { width: 12, height: 9 },
      [
        {
          expr: extreme("highest", SHOWN, `worker:pitcrew_worker_memory_bytes:limit_ratio{${CHOSEN_WORKERS}}`),
          legend: "{{worker}} {{host}}",
        },
      ],
      { limits: [[1, BAD]], axisSoftMax: 1 },
    ),
    timeSeries(
      {
        id: 10,
        title: "Age against its limit",
        description:
          "The workers that came closest to their age limit, jitter included. Bad: lines that go on above the dashed one: planned renewals wait for each other, or are held back (Remediation says by what).",
        unit: PercentUnit,
      },
      { width: 12, height: 9 },
      [
        {
          expr: extreme("highest", SHOWN, `worker:pitcrew_worker_age_seconds:limit_ratio{${CHOSEN_WORKERS}}`),
          legend: "{{worker}} {{host}}",
        },
      ],
      { limits: [[1, BAD]], axisSoftMax: 1 },
    ),
    timeSeries(
      {
        id: 7,
        title: "Restarts by reason",
        description:
          "New processes, by why. age is planned, memory_limit the leak at work. Bad: crash and down, because nobody asked for them; system_memory, because the host was low; any reason that comes faster and faster.",
        unit: Short,
      },
      { width: 24, height: 8 },
      [
        {
          expr: `sum by (reason) (increase(pitcrew_worker_restarts_total{${CHOSEN_WORKERS}}[$__rate_interval])) > 0`,
          legend: "{{reason}}",
        },
      ],
      { events: true },
    ),
  ];
}
