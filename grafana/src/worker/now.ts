// The state of the worker, and how far it is from each of its limits.
import { NoUnit, PercentUnit, Seconds, Short } from "@grafana/grafana-foundation-sdk/units";
import { BAD, coloured, GOOD, INTENDED, QUIET, steps, stepsFrom, WARNING } from "../look.ts";
import type { SizedPanel } from "../panels/panel.ts";
import { stat } from "../panels/stat.ts";
import { stateTimeline } from "../panels/state-timeline.ts";
import { perWorker, THIS_WORKER, workerState } from "../promql.ts";
import { EXIT_CODES, WORKER_STATES } from "../states.ts";

const of = (metric: string) => perWorker(`${metric}{${THIS_WORKER}}`);

export function nowPanels(): SizedPanel[] {
  return [...numbers(), state()];
}

function numbers(): SizedPanel[] {
  const narrow = { width: 3, height: 4 };
  const ofLimit = steps([0.8, WARNING], [1, BAD]);
  return [
    stat(
      {
        id: 2,
        title: "Memory of its limit",
        description: "What it holds, as a share of its memory limit. Bad: 100 % and more: it should have been renewed.",
        unit: PercentUnit,
      },
      narrow,
      [{ expr: `worker:pitcrew_worker_memory_bytes:limit_ratio{${THIS_WORKER}}`, legend: "memory" }],
      { thresholds: ofLimit, noValue: "No limit" },
    ),
    stat(
      {
        id: 3,
        title: "Time to its limit",
        description:
          "Until the memory limit at the pace of the last 5 minutes. Bad: minutes, right after a renewal: the limit is too low or the leak too fast.",
        unit: Seconds,
      },
      narrow,
      [{ expr: `worker:pitcrew_worker_memory_bytes:seconds_to_limit{${THIS_WORKER}}`, legend: "to the limit" }],
      { thresholds: stepsFrom(BAD, [300, WARNING], [1800, GOOD]), noValue: "Does not grow" },
    ),
    stat(
      {
        id: 4,
        title: "Until its planned renewal",
        description:
          "What is left of its age limit. Bad: 0 for long: its renewal waits for others, or is held back; Remediation says by what.",
        unit: Seconds,
      },
      narrow,
      [
        {
          expr: `clamp_min(${of("pitcrew_worker_max_age_seconds")} - ${of("pitcrew_worker_age_seconds")}, 0)`,
          legend: "left",
        },
      ],
      { thresholds: stepsFrom(BAD, [1, GOOD]), noValue: "No limit" },
    ),
    stat(
      {
        id: 5,
        title: "Restarts in 24 hours",
        description: "New processes, whatever the reason. Bad: dozens: most of its time goes into starting again.",
        unit: Short,
      },
      narrow,
      [
        {
          expr: `round(sum(worker_reason:pitcrew_worker_restarts:increase1d{${THIS_WORKER}}))`,
          legend: "restarts",
        },
      ],
      { thresholds: stepsFrom(QUIET, [6, WARNING], [24, BAD]), decimals: 0 },
    ),
    stat(
      {
        id: 8,
        title: "Brakes",
        description:
          "The present streak of emergency brakes as a share of its limit, and how long ago the last one was. Bad: 100 %: it should have left by itself (exit code 42).",
        unit: PercentUnit,
      },
      { width: 4, height: 4 },
      [
        { expr: `worker:pitcrew_worker_consecutive_brakes:limit_ratio{${THIS_WORKER}}`, legend: "of limit" },
        {
          expr: `time() - ${of("pitcrew_worker_last_brake_timestamp_seconds")}`,
          legend: "ago",
          look: [{ id: "unit", value: Seconds }, ...coloured(QUIET)],
        },
      ],
      { thresholds: ofLimit, noValue: "No brake" },
    ),
    stat(
      {
        id: 6,
        title: "Its last end",
        description:
          "How its last process ended, and how long ago; 128 + n is signal n. SIGTERM and 42 are renewals, SIGKILL one that did not end in time or was killed by the kernel. Bad: an error that nobody asked for: its log has the reason.",
        unit: NoUnit,
      },
      { width: 5, height: 4 },
      [
        { expr: of("pitcrew_worker_last_exit_code"), legend: "exit code" },
        {
          expr: `time() - ${of("pitcrew_worker_last_exit_timestamp_seconds")}`,
          legend: "ago",
          look: [{ id: "unit", value: Seconds }, { id: "mappings", value: [] }, ...coloured(QUIET)],
        },
      ],
      { thresholds: stepsFrom(WARNING), mappings: EXIT_CODES, noValue: "None yet", decimals: 0 },
    ),
    stat(
      {
        id: 7,
        title: "Cooldown",
        description:
          "How long urgent renewals of this worker still wait; it doubles with each one, up to 15 minutes. Bad: minutes while it is over its limit: it was renewed again and again.",
        unit: Seconds,
      },
      narrow,
      [
        {
          expr: `clamp_min(${of("pitcrew_worker_cooldown_until_timestamp_seconds")} - time(), 0)`,
          legend: "left",
        },
      ],
      { thresholds: stepsFrom(GOOD, [1, INTENDED], [300, WARNING]), noValue: "None" },
    ),
  ];
}

function state(): SizedPanel {
  return stateTimeline(
    {
      id: 1,
      title: "State",
      description:
        "Whether it runs, and why not. Bad: DOWN for more than seconds: it should run, and nobody started it; QUARANTINE: automation has given it up; not measured: no rule can fire for it.",
      unit: NoUnit,
    },
    { width: 24, height: 4 },
    [{ expr: workerState(THIS_WORKER), legend: "{{worker}}" }],
    { mappings: WORKER_STATES },
  );
}
