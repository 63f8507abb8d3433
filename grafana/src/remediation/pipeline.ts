// Whether alerts reach the remediator: rules, Alertmanager, webhook, heartbeat; and the guard that stands in.
import { NoUnit, Seconds, Short } from "@grafana/grafana-foundation-sdk/units";
import { BAD, dashed } from "../look.ts";
import type { SizedPanel } from "../panels/panel.ts";
import { stateTimeline } from "../panels/state-timeline.ts";
import { timeSeries } from "../panels/time-series.ts";
import { CHOSEN_HOSTS, extreme } from "../promql.ts";
import { STAND_IN_STATES } from "../states.ts";
import { HEARTBEAT_STALE_SECONDS } from "./thresholds.ts";

const SIZE = { width: 8, height: 9 };
const RULE_GROUPS = 'rule_group=~".*;pitcrew-.*"';

export function pipelinePanels(): SizedPanel[] {
  return [evaluation(), failures(), alertmanager(), deliveries(), heartbeat(), guard()];
}

function evaluation(): SizedPanel {
  return timeSeries(
    {
      id: 26,
      title: "Rule evaluation against its interval",
      description:
        "How long Prometheus takes for each group of pitcrew's rules. Bad: near the dashed line: evaluations are missed, and every alert comes late.",
      unit: Seconds,
    },
    SIZE,
    [
      {
        expr: `max by (rule_group) (label_replace(prometheus_rule_group_last_duration_seconds{${RULE_GROUPS}}, "rule_group", "$1", "rule_group", ".*;(.*)"))`,
        legend: "{{rule_group}}",
      },
      { expr: `min(prometheus_rule_group_interval_seconds{${RULE_GROUPS}})`, legend: "interval", look: dashed(BAD) },
    ],
  );
}

function failures(): SizedPanel {
  return timeSeries(
    {
      id: 24,
      title: "Rule evaluations that failed",
      description:
        "By group. Bad: any: its alerts do not fire. Nearly always two series with the same host and worker: a host that is scraped twice, or two machines of one name.",
      unit: Short,
    },
    SIZE,
    [
      {
        expr: `sum by (rule_group) (label_replace(increase(prometheus_rule_evaluation_failures_total{${RULE_GROUPS}}[$__rate_interval]), "rule_group", "$1", "rule_group", ".*;(.*)"))`,
        legend: "{{rule_group}}",
      },
    ],
    { events: true },
  );
}

function alertmanager(): SizedPanel {
  const perMinute = (metric: string) =>
    `60 * sum by (instance) (rate(${metric}{integration="webhook"}[$__rate_interval]))`;
  return timeSeries(
    {
      id: 21,
      title: "Alertmanager's deliveries and failures",
      description:
        "Deliveries to webhooks a minute, and those that failed, by Alertmanager. Bad: any failure: a wrong token (401) or address, or a remediator that is down. A heartbeat for each host is delivered every 55 seconds, so none at all is bad, too.",
      unit: Short,
    },
    SIZE,
    [
      { expr: perMinute("alertmanager_notifications_total"), legend: "{{instance}}" },
      { expr: perMinute("alertmanager_notifications_failed_total"), legend: "{{instance}} failed" },
    ],
  );
}

function deliveries(): SizedPanel {
  return timeSeries(
    {
      id: 18,
      title: "Deliveries by result",
      description:
        "What became of notifications at the remediators. Bad: unauthorized: the tokens differ; malformed or too_large: somebody else's; unavailable: a remediator that is shutting down or overloaded; nothing for minutes: heartbeats do not come.",
      unit: Short,
    },
    SIZE,
    [
      {
        expr: `sum by (result) (increase(pitcrew_remediator_notifications_total{${CHOSEN_HOSTS}}[$__rate_interval]))`,
        legend: "{{result}}",
      },
    ],
    { events: true },
  );
}

function heartbeat(): SizedPanel {
  const last = `pitcrew_remediator_heartbeat_timestamp_seconds{${CHOSEN_HOSTS}}`;
  return timeSeries(
    {
      id: 19,
      title: "Age of the heartbeat",
      description:
        "Of the hosts that have waited longest; a saw-tooth of one minute is right. Bad: above the dashed line: no alert reaches the host; its guard has taken over by then (remediator.guard.heartbeat_timeout, 3 minutes by default).",
      unit: Seconds,
    },
    SIZE,
    [{ expr: `time() - (${last}\n  and bottomk(8, last_over_time(${last}[$__range] @ end())))`, legend: "{{host}}" }],
    { limits: [[HEARTBEAT_STALE_SECONDS, BAD]] },
  );
}

function guard(): SizedPanel {
  const metrics = [
    ["pitcrew_remediator_guard_active", "guard", 0],
    ["pitcrew_remediator_storm", "storm", 10],
    ["pitcrew_remediator_dry_run", "dry run", 20],
  ] as const;
  return stateTimeline(
    {
      id: 20,
      title: "Guard, storm, dry run",
      description:
        "Of the hosts where something was on. The guard always acts in emergencies; on every rule only while no heartbeat arrives. Bad: every rule for longer than a restart of Prometheus takes; a storm; a dry run on a host that should be protected.",
      unit: NoUnit,
    },
    SIZE,
    metrics.map(([metric, name, code]) => ({
      expr: `${code} + (${extreme("highest", 3, `${metric}{${CHOSEN_HOSTS}}`)})`,
      legend: `{{host}} ${name}`,
    })),
    { mappings: STAND_IN_STATES },
  );
}
