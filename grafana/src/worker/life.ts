// How long its processes live, and how often they brake.
import { Seconds, Short } from "@grafana/grafana-foundation-sdk/units";
import { BAD, barsOnTheRight, bold, dashed, INTENDED } from "../look.ts";
import type { SizedPanel } from "../panels/panel.ts";
import { timeSeries } from "../panels/time-series.ts";
import { perWorker, THIS_WORKER } from "../promql.ts";

const of = (metric: string) => perWorker(`${metric}{${THIS_WORKER}}`);

export function lifePanels(): SizedPanel[] {
  return [
    timeSeries(
      {
        id: 13,
        title: "Age against its limit",
        description:
          "How old its process is, and when its planned renewal is due, jitter included: the limit moves with each process. Bad: above the dashed line for longer than a drain takes.",
        unit: Seconds,
      },
      { width: 12, height: 8 },
      [
        { expr: of("pitcrew_worker_age_seconds"), legend: "age", look: bold(INTENDED) },
        { expr: of("pitcrew_worker_max_age_seconds"), legend: "limit", look: dashed(BAD) },
      ],
    ),
    timeSeries(
      {
        id: 14,
        title: "Brakes in a row against their limit",
        description:
          "How often its emergency brake held without a pause; at the limit it leaves by itself (exit code 42). Bars: brakes a minute. Bad: a streak at the limit: it did not leave; streaks in every process: the host is too small.",
        unit: Short,
      },
      { width: 12, height: 8 },
      [
        { expr: of("pitcrew_worker_consecutive_brakes"), legend: "in a row", look: bold(INTENDED) },
        { expr: of("pitcrew_worker_consecutive_brakes_limit"), legend: "limit", look: dashed(BAD) },
        {
          expr: `60 * ${perWorker(`rate(pitcrew_worker_brakes_total{${THIS_WORKER}}[$__rate_interval])`)}`,
          legend: "a minute",
          look: barsOnTheRight(Short, "a minute"),
        },
      ],
      { decimals: 0 },
    ),
  ];
}
