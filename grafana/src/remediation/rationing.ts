// What keeps it from acting: budgets, cooldowns, quarantine, pauses, a storm; and what waits meanwhile.
import { NoUnit, Seconds, Short } from "@grafana/grafana-foundation-sdk/units";
import { BAD } from "../look.ts";
import type { SizedPanel } from "../panels/panel.ts";
import { stateTimeline } from "../panels/state-timeline.ts";
import { timeSeries } from "../panels/time-series.ts";
import { CHOSEN_HOSTS, CHOSEN_WORKERS, extreme } from "../promql.ts";
import { PAUSED_STATES } from "../states.ts";
import { STORM_RESTARTS } from "./thresholds.ts";

export function rationingPanels(): SizedPanel[] {
  return [budgets(), cooldowns(), incidents(), heldBack(), storm()];
}

function budgets(): SizedPanel {
  return timeSeries(
    {
      id: 14,
      title: "Budgets left",
      description:
        "Urgent starts that are left in the window, of the host and of the workers that have least. Bad: 0, the dashed line: the next urgent renewal leaves its worker down until the window has moved on.",
      unit: Short,
    },
    { width: 8, height: 9 },
    [
      {
        expr: extreme("lowest", 8, `pitcrew_remediator_budget_remaining{${CHOSEN_HOSTS}, scope=~"host|$worker"}`),
        legend: "{{scope}} {{host}}",
      },
    ],
    { limits: [[0, BAD]], decimals: 0 },
  );
}

function cooldowns(): SizedPanel {
  const until = `pitcrew_worker_cooldown_until_timestamp_seconds{${CHOSEN_WORKERS}}`;
  return timeSeries(
    {
      id: 16,
      title: "Cooldowns",
      description:
        "How long urgent renewals of a worker still wait after the last one; doubles up to 15 minutes, the dashed line. Bad: a worker near that line: it is renewed again and again.",
      unit: Seconds,
    },
    { width: 8, height: 9 },
    [{ expr: `clamp_min((${extreme("highest", 8, until)}) - time(), 0)`, legend: "{{worker}} {{host}}" }],
    { limits: [[900, BAD]] },
  );
}

function incidents(): SizedPanel {
  return timeSeries(
    {
      id: 17,
      title: "Open incidents by state",
      description:
        "What automation is busy with. verifying lasts a minute after each renewal. Bad: open or holding for long: a renewal or a start is held back, “Suppressed by reason” says why; killing: a process that does not end.",
      unit: Short,
    },
    { width: 8, height: 9 },
    [{ expr: `sum by (state) (pitcrew_remediator_incidents_open{${CHOSEN_HOSTS}})`, legend: "{{state}}" }],
    { decimals: 0 },
  );
}

function heldBack(): SizedPanel {
  const quarantined = `pitcrew_worker_quarantined{${CHOSEN_WORKERS}}`;
  const paused = `pitcrew_worker_paused{${CHOSEN_WORKERS}}`;
  return stateTimeline(
    {
      id: 15,
      title: "Quarantined and paused workers",
      description:
        "Workers that automation leaves alone: given up after one failure upon the other, or paused by a person. Bad: quarantine; a pause that nobody remembers: nothing renews the worker and nothing starts it.",
      unit: NoUnit,
    },
    { width: 12, height: 9 },
    [
      {
        expr: `(2 * (${quarantined} == 1) or ${paused})\n  and topk(10, 2 * ${atWorst(quarantined)} + ${atWorst(paused)})`,
        legend: "{{worker}} {{host}}",
      },
    ],
    { mappings: PAUSED_STATES },
  );
}

function storm(): SizedPanel {
  const restarts = (range: string) =>
    `sum by (host) (increase(pitcrew_worker_restarts_total{${CHOSEN_HOSTS}}${range}))`;
  return timeSeries(
    {
      id: 22,
      title: "Restarts within 10 minutes, against a storm",
      description:
        "Of the hosts with most. Bad: above the dashed line: a storm, planned renewals wait. More than half of a group at once is a storm, too.",
      unit: Short,
    },
    { width: 12, height: 9 },
    [{ expr: `${restarts("[10m]")}\n  and topk(8, ${restarts("[$__range] @ end()")})`, legend: "{{host}}" }],
    { limits: [[STORM_RESTARTS, BAD]], decimals: 0 },
  );
}

function atWorst(selector: string): string {
  return `max_over_time(${selector}[$__range] @ end())`;
}
