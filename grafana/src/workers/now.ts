// The first look: counts, who is renewed next, what fires.
import { PercentUnit, Seconds, Short } from "@grafana/grafana-foundation-sdk/units";
import { toWorkerOfSeries } from "../links.ts";
import { BAD, coloured, GOOD, INTENDED, QUIET, steps, stepsFrom, WARNING } from "../look.ts";
import { barGauge } from "../panels/bar-gauge.ts";
import type { SizedPanel } from "../panels/panel.ts";
import { stat } from "../panels/stat.ts";
import { table } from "../panels/table.ts";
import { CHOSEN_WORKERS, marked, perWorker, pitcrewAlerts } from "../promql.ts";
import { SEVERITIES } from "../states.ts";

const of = (metric: string) => perWorker(`${metric}{${CHOSEN_WORKERS}}`);
/** How many; 0, not nothing, when there is none. */
const count = (expr: string) => `count(${expr}) or vector(0)`;

export function nowPanels(): SizedPanel[] {
  return [up(), closest(), soonest(), firing()];
}

function up(): SizedPanel {
  const none = (color: string) => [{ id: "thresholds", value: stepsFrom(QUIET, [1, color]).build() }];
  return stat(
    {
      id: 1,
      title: "Workers up",
      description:
        "How many run, and how many should. Bad: anything but 0 under “down”: it should run and does not, and automation has not started it (yet). In quarantine automation has given a worker up; a paused one is left alone until somebody resumes it.",
      unit: Short,
    },
    { width: 4, height: 8 },
    [
      { expr: count(`${of("pitcrew_worker_up")} == 1`), legend: "up", look: coloured(GOOD) },
      { expr: count(`${of("pitcrew_worker_desired_up")} == 1`), legend: "should run", look: coloured(QUIET) },
      {
        expr: count(`${of("pitcrew_worker_desired_up")} == 1 and ${of("pitcrew_worker_up")} == 0`),
        legend: "down",
        look: none(BAD),
      },
      { expr: count(`${of("pitcrew_worker_quarantined")} == 1`), legend: "in quarantine", look: none(BAD) },
      { expr: count(`${of("pitcrew_worker_paused")} == 1`), legend: "paused", look: none(INTENDED) },
      {
        expr: count(`${of("pitcrew_worker_info")} unless ${of("pitcrew_worker_up")}`),
        legend: "not measured",
        look: none(WARNING),
      },
    ],
    { thresholds: stepsFrom(QUIET), decimals: 0 },
  );
}

function closest(): SizedPanel {
  const ratios = [
    marked(`worker:pitcrew_worker_memory_bytes:limit_ratio{${CHOSEN_WORKERS}}`, "of", "memory"),
    marked(`worker:pitcrew_worker_age_seconds:limit_ratio{${CHOSEN_WORKERS}}`, "of", "age"),
    marked(`worker:pitcrew_worker_consecutive_brakes:limit_ratio{${CHOSEN_WORKERS}}`, "of", "brakes"),
  ];
  return barGauge(
    {
      id: 2,
      title: "Closest to a limit",
      description:
        "The workers that have used up most of a limit: of memory, of age, or of brakes in a row. At 100 % a worker is renewed. Bad: a bar that stays at 100 % or more, because the renewal does not happen; planned renewals (age) may wait for each other.",
      unit: PercentUnit,
    },
    { width: 6, height: 8 },
    { expr: `topk(7, ${ratios.join("\n  or ")})`, legend: "{{worker}} {{of}}" },
    { thresholds: steps([0.8, WARNING], [1, BAD]), full: 1, noValue: "No limits", link: toWorkerOfSeries() },
  );
}

function soonest(): SizedPanel {
  const times = [
    marked(`worker:pitcrew_worker_memory_bytes:seconds_to_limit{${CHOSEN_WORKERS}}`, "of", "memory"),
    marked(`clamp_min(${of("pitcrew_worker_max_age_seconds")} - ${of("pitcrew_worker_age_seconds")}, 0)`, "of", "age"),
  ];
  return barGauge(
    {
      id: 3,
      title: "Soonest to reach it",
      description:
        "Time until the limit of memory, at the pace of the last 5 minutes, or of age. A full bar is an hour or more. Bad: many short bars at once, because renewals wait for each other; minutes for memory right after each renewal, because the limit is too low or the leak too fast.",
      unit: Seconds,
    },
    { width: 6, height: 8 },
    { expr: `bottomk(7, ${times.join("\n  or ")})`, legend: "{{worker}} {{of}}" },
    {
      thresholds: stepsFrom(BAD, [300, WARNING], [1800, GOOD]),
      full: 3600,
      noValue: "Nobody grows",
      link: toWorkerOfSeries(),
    },
  );
}

function firing(): SizedPanel {
  return table(
    {
      id: 9,
      title: "Firing alerts",
      description:
        "What fires now, worst first. With a remediation it is automation's business, and it may be gone in a minute; without one it is for people: alerts/README.md has a section of that name. Bad: critical.",
      unit: Short,
    },
    { width: 8, height: 8 },
    [
      { label: "alertname", name: "Alert" },
      { label: "worker", name: "Worker", look: [{ id: "custom.width", value: 100 }] },
      { label: "host", name: "Host", look: [{ id: "custom.width", value: 100 }] },
      { label: "remediation", name: "Remediation", look: [{ id: "custom.width", value: 100 }] },
    ],
    [
      {
        name: "Severity",
        expr: [rank(3, "critical"), rank(2, "warning"), rank(1, "info")].join("\n  or "),
        look: [
          { id: "mappings", value: SEVERITIES },
          { id: "custom.cellOptions", value: { type: "color-background", mode: "basic" } },
          { id: "custom.width", value: 80 },
        ],
      },
    ],
    { sortBy: { column: "Severity", descending: true }, noValue: "Nothing fires" },
  );
}

function rank(value: number, severity: string): string {
  const alerts = pitcrewAlerts(`alertstate="firing", severity="${severity}"`);
  return `${value} * max by (alertname, worker, host, remediation) (${alerts})`;
}
