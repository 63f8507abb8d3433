// How fast it acts, and what comes of it.
import { Seconds, Short } from "@grafana/grafana-foundation-sdk/units";
import { BAD, bold, coloured, INTENDED, QUIET } from "../look.ts";
import { heatmap } from "../panels/heatmap.ts";
import type { SizedPanel } from "../panels/panel.ts";
import { timeSeries } from "../panels/time-series.ts";
import { CHOSEN_HOSTS } from "../promql.ts";

const latency = (by: string) =>
  `sum by (${by}) (increase(pitcrew_remediator_alert_to_action_seconds_bucket{${CHOSEN_HOSTS}}[$__rate_interval]))`;
const quantile = (q: number, buckets: string) => `histogram_quantile(${q}, ${buckets})`;

export function actionPanels(): SizedPanel[] {
  return [latencies(), percentiles(), durations(), outcomes(), suppressed()];
}

function latencies(): SizedPanel {
  return heatmap(
    {
      id: 10,
      title: "From the alert to the action",
      description:
        "From the receipt of an alert to the first action on its worker; darker is more. Bad: dark cells above a second for urgent renewals; planned ones may wait for a slot, for minutes.",
      unit: Seconds,
    },
    { width: 8, height: 9 },
    { expr: latency("le"), legend: "{{le}}" },
  );
}

function percentiles(): SizedPanel {
  return timeSeries(
    {
      id: 11,
      title: "From the alert to the action, percentiles",
      description:
        "The same as numbers, over all actions, and by the action that came first. Bad: a p95 of terminate above a second: something holds urgent renewals back.",
      unit: Seconds,
    },
    { width: 8, height: 9 },
    [
      { expr: quantile(0.95, latency("le")), legend: "p95", look: bold(BAD) },
      { expr: quantile(0.5, latency("le")), legend: "p50", look: coloured(QUIET) },
      { expr: quantile(0.95, latency("le, action")), legend: "p95 {{action}}" },
    ],
  );
}

function durations(): SizedPanel {
  const buckets = `sum by (le, action) (increase(pitcrew_remediator_action_duration_seconds_bucket{${CHOSEN_HOSTS}}[$__rate_interval]))`;
  return timeSeries(
    {
      id: 25,
      title: "Duration of actions, p95",
      description:
        "From the beginning of an action to its outcome. Bad: terminate as long as stop.grace: workers do not end on SIGTERM and lose what they have not saved; drain as long as stop.drain: they do not come to a boundary in time.",
      unit: Seconds,
    },
    { width: 8, height: 9 },
    [{ expr: quantile(0.95, buckets), legend: "{{action}}" }],
  );
}

function outcomes(): SizedPanel {
  const actions = (matcher: string) =>
    `increase(pitcrew_remediator_actions_total{${CHOSEN_HOSTS}, ${matcher}}[$__rate_interval])`;
  return timeSeries(
    {
      id: 12,
      title: "Actions by outcome",
      description:
        "What was done, and what went wrong with which action. Bad: failed, it should never be; ineffective of anything but relieve: a renewal that did not help; timed_out: an end that took SIGKILL, or a drain that was cut short.",
      unit: Short,
    },
    { width: 12, height: 9 },
    [
      { expr: `sum by (outcome) (${actions('outcome="done"')}) > 0`, legend: "{{outcome}}", look: coloured(INTENDED) },
      { expr: `sum by (action, outcome) (${actions('outcome!="done"')}) > 0`, legend: "{{outcome}}: {{action}}" },
    ],
    { events: true },
  );
}

function suppressed(): SizedPanel {
  return timeSeries(
    {
      id: 13,
      title: "Suppressed by reason",
      description:
        "Intents that were held back or refused, and why. duplicate is normal: an alert comes again until it is resolved. Bad: budget, cooldown or quarantined while a worker is over its limit; not_reproduced in numbers: alerts and readings disagree; unknown_rule: the remediator has not loaded that rule.",
      unit: Short,
    },
    { width: 12, height: 9 },
    [
      {
        expr: `topk(12, sum by (reason) (increase(pitcrew_remediator_suppressed_total{${CHOSEN_HOSTS}}[$__rate_interval])) > 0)`,
        legend: "{{reason}}",
      },
    ],
    { events: true },
  );
}
