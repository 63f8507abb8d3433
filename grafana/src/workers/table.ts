// The table of all workers, each row leading to its worker.

import type { DynamicConfigValue, ThresholdsConfigBuilder } from "@grafana/grafana-foundation-sdk/dashboard";
import { BytesIEC, Seconds, Short } from "@grafana/grafana-foundation-sdk/units";
import { toWorkerOfRow } from "../links.ts";
import { BAD, GOOD, QUIET, steps, stepsFrom, WARNING } from "../look.ts";
import type { SizedPanel } from "../panels/panel.ts";
import { type Column, table } from "../panels/table.ts";
import { CHOSEN_WORKERS, perWorker, workerState } from "../promql.ts";
import { WORKER_STATES } from "../states.ts";

const of = (metric: string) => perWorker(`${metric}{${CHOSEN_WORKERS}}`);

/** A column for each reason that is common; the rest share one. */
const REASONS = {
  memory_limit: "memory",
  age: "age",
  system_memory: "host low",
  brake_limit: "brakes",
  crash: "crash",
  down: "down",
} as const;

export function workerTable(): SizedPanel {
  return table(
    {
      id: 6,
      title: "Workers",
      description:
        "Every worker; its name leads to its dashboard. Bars are shares of the worker's own limit: at 100 % it is renewed. “To limit” is the time until the memory limit at the pace of the last 5 minutes. Restarts are those of the last 24 hours, by reason. Bad: DOWN, QUARANTINE, “not measured”; a full bar that stays; restarts for memory or crashes by the dozen.",
      unit: Short,
    },
    { width: 24, height: 12 },
    [
      { label: "worker", name: "Worker", look: [{ id: "links", value: [toWorkerOfRow("Host", "Worker")] }] },
      { label: "group", name: "Group" },
      { label: "host", name: "Host" },
    ],
    [
      { name: "State", expr: workerState(CHOSEN_WORKERS), look: state() },
      { name: "Memory", expr: of("pitcrew_worker_memory_bytes"), look: number(BytesIEC, 95) },
      {
        name: "Memory of limit",
        expr: perWorker(`worker:pitcrew_worker_memory_bytes:limit_ratio{${CHOSEN_WORKERS}}`),
        look: bar(),
      },
      {
        name: "To limit",
        expr: perWorker(`worker:pitcrew_worker_memory_bytes:seconds_to_limit{${CHOSEN_WORKERS}}`),
        look: number(Seconds, 95, stepsFrom(BAD, [300, WARNING], [1800, GOOD])),
      },
      { name: "Age", expr: of("pitcrew_worker_age_seconds"), look: number(Seconds, 95) },
      {
        name: "Age of limit",
        expr: perWorker(`worker:pitcrew_worker_age_seconds:limit_ratio{${CHOSEN_WORKERS}}`),
        look: bar(),
      },
      { name: "Brakes in a row", expr: of("pitcrew_worker_consecutive_brakes"), look: number(Short, 110) },
      {
        name: "Brakes of limit",
        expr: perWorker(`worker:pitcrew_worker_consecutive_brakes:limit_ratio{${CHOSEN_WORKERS}}`),
        look: bar(),
      },
      ...Object.entries(REASONS).map(([reason, name]) => restarts(name, `reason="${reason}"`)),
      restarts("other", `reason!~"${Object.keys(REASONS).join("|")}"`),
    ],
    { sortBy: { column: "Memory of limit", descending: true }, noValue: "No workers" },
  );
}

function restarts(name: string, matcher: string): Column {
  const counted = `worker_reason:pitcrew_worker_restarts:increase1d{${CHOSEN_WORKERS}, ${matcher}}`;
  return {
    name: `↻ ${name}`,
    expr: `round(sum by (host, worker, group) (${counted}))`,
    look: number(Short, 80, stepsFrom(QUIET, [1, WARNING], [12, BAD])),
  };
}

function number(unit: string, width: number, thresholds?: ThresholdsConfigBuilder): DynamicConfigValue[] {
  return [
    { id: "unit", value: unit },
    { id: "custom.width", value: width },
    ...(thresholds === undefined
      ? []
      : [
          { id: "thresholds", value: thresholds.build() },
          { id: "custom.cellOptions", value: { type: "color-text" } },
        ]),
  ];
}

/** Full at the limit. */
function bar(): DynamicConfigValue[] {
  return [
    { id: "unit", value: "percentunit" },
    { id: "min", value: 0 },
    { id: "max", value: 1 },
    { id: "decimals", value: 0 },
    { id: "thresholds", value: steps([0.8, WARNING], [1, BAD]).build() },
    { id: "custom.cellOptions", value: { type: "gauge", mode: "basic", valueDisplayMode: "text" } },
    { id: "custom.minWidth", value: 120 },
  ];
}

function state(): DynamicConfigValue[] {
  return [
    { id: "mappings", value: WORKER_STATES },
    { id: "custom.cellOptions", value: { type: "color-background", mode: "basic" } },
    { id: "custom.width", value: 115 },
  ];
}
