// What it uses beside memory, and what of it could not be read.
import { Short } from "@grafana/grafana-foundation-sdk/units";
import type { SizedPanel } from "../panels/panel.ts";
import { timeSeries } from "../panels/time-series.ts";
import { perWorker, THIS_WORKER } from "../promql.ts";

export function usagePanels(): SizedPanel[] {
  return [
    timeSeries(
      {
        id: 16,
        title: "Processes",
        description:
          "Processes of its tree. Bad: a number that only grows: children that are not waited for; a fall to fewer than it needs: data loaders that died.",
        unit: Short,
      },
      { width: 12, height: 8 },
      [{ expr: perWorker(`pitcrew_worker_processes{${THIS_WORKER}}`), legend: "processes" }],
      { decimals: 0 },
    ),
    timeSeries(
      {
        id: 20,
        title: "Values that could not be read",
        description:
          "By source. One now and then is a process that ended while it was read. Bad: a steady flow: rights are missing, and rules cannot fire on what is not there.",
        unit: Short,
      },
      { width: 12, height: 8 },
      [
        {
          expr: `sum by (source) (increase(pitcrew_worker_read_errors_total{${THIS_WORKER}}[$__rate_interval]))`,
          legend: "{{source}}",
        },
      ],
      { events: true },
    ),
  ];
}
