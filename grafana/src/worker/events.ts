// What happened to it: alerts, ends, new processes.
import { NoUnit, Short } from "@grafana/grafana-foundation-sdk/units";
import type { SizedPanel } from "../panels/panel.ts";
import { stateTimeline } from "../panels/state-timeline.ts";
import { timeSeries } from "../panels/time-series.ts";
import { pitcrewAlerts, THIS_WORKER } from "../promql.ts";
import { ALERT_STATES } from "../states.ts";

export function eventPanels(): SizedPanel[] {
  return [
    alerts(),
    timeSeries(
      {
        id: 17,
        title: "Exits by reason",
        description:
          "How its processes ended. drained, requested and brake_limit are its own doing, signal is a renewal. Bad: error; oom_kill: the kernel was faster than pitcrew, so limits or floors are too high; unknown: somebody else ended it.",
        unit: Short,
      },
      { width: 12, height: 9 },
      [
        {
          expr: `sum by (reason) (increase(pitcrew_worker_exits_total{${THIS_WORKER}}[$__rate_interval])) > 0`,
          legend: "{{reason}}",
        },
      ],
      { events: true },
    ),
    timeSeries(
      {
        id: 18,
        title: "Restarts by reason",
        description:
          "Why each new process was started. age is planned, memory_limit the leak at work. Bad: crash or down; any reason that comes faster and faster.",
        unit: Short,
      },
      { width: 12, height: 9 },
      [
        {
          expr: `sum by (reason) (increase(pitcrew_worker_restarts_total{${THIS_WORKER}}[$__rate_interval])) > 0`,
          legend: "{{reason}}",
        },
      ],
      { events: true },
    ),
  ];
}

function alerts(): SizedPanel {
  const by = "max by (alertname)";
  return stateTimeline(
    {
      id: 9,
      title: "Alerts of the worker and its host",
      description:
        "What fired, and when. Short stretches of PitcrewWorkerMemoryOverLimit, …TooOld and …Down are renewals at work. Bad: stretches of minutes, and every alert whose name says Still.",
      unit: NoUnit,
    },
    { width: 24, height: 8 },
    [
      {
        expr: `2 * ${by} (${pitcrewAlerts('alertstate="firing"')})\n  or ${by} (${pitcrewAlerts('alertstate="pending"')})`,
        legend: "{{alertname}}",
      },
    ],
    { mappings: ALERT_STATES, noValue: "No alerts" },
  );
}
