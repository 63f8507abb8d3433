// What it holds, how fast that grows, and where it leads.
import { BytesIEC, BytesPerSecondIEC } from "@grafana/grafana-foundation-sdk/units";
import { BAD, bold, coloured, dashed, INTENDED, QUIET, WARNING } from "../look.ts";
import type { SizedPanel } from "../panels/panel.ts";
import { timeSeries } from "../panels/time-series.ts";
import { perWorker, THIS_WORKER } from "../promql.ts";

const of = (metric: string) => perWorker(`${metric}{${THIS_WORKER}}`);
const memory = of("pitcrew_worker_memory_bytes");
const limit = of("pitcrew_worker_memory_limit_bytes");
const limitLine = { expr: limit, legend: "limit", look: dashed(BAD) };

export function memoryPanels(): SizedPanel[] {
  return [held(), slope(), forecast()];
}

function held(): SizedPanel {
  return timeSeries(
    {
      id: 10,
      title: "Memory against its limit",
      description:
        "The thick line is what counts against the limit (limits.measure); resident memory counts shared pages once for each process, anonymous memory is what the worker allocated itself. Above the limit it is renewed, above relief it is asked to free some. Bad: the thick line above the upper dashed one for more than seconds; a renewal after which it starts high.",
      unit: BytesIEC,
    },
    { width: 24, height: 11 },
    [
      { expr: memory, legend: "memory", look: bold(INTENDED) },
      { expr: of("pitcrew_worker_resident_memory_bytes"), legend: "resident", look: coloured("purple") },
      { expr: of("pitcrew_worker_resident_memory_peak_bytes"), legend: "resident, peak", look: coloured(QUIET) },
      { expr: of("pitcrew_worker_anonymous_memory_bytes"), legend: "anonymous", look: coloured("yellow") },
      limitLine,
      { expr: of("pitcrew_worker_memory_relief_bytes"), legend: "relief", look: dashed(WARNING) },
    ],
    { table: true },
  );
}

function slope(): SizedPanel {
  return timeSeries(
    {
      id: 11,
      title: "Slope",
      description:
        "How fast it grows, over 5 minutes; after a renewal it is true again when 5 minutes have passed. The dashed line is the pace that reaches the limit within an hour. Bad: above it; always above 0: a leak.",
      unit: BytesPerSecondIEC,
    },
    { width: 12, height: 9 },
    [
      { expr: `worker:pitcrew_worker_memory_bytes:deriv5m{${THIS_WORKER}}`, legend: "growth", look: bold(INTENDED) },
      {
        expr: `clamp_min(${limit} - ${memory}, 0) / 3600`,
        legend: "reaches the limit within the hour",
        look: dashed(WARNING),
      },
    ],
  );
}

function forecast(): SizedPanel {
  return timeSeries(
    {
      id: 12,
      title: "Forecast",
      description:
        "What it will hold in an hour, at two paces. The slower one is that of PitcrewWorkerMemoryForecast and begins when the process is half an hour old. Bad: above the dashed line: it will be renewed within the hour. For planning only; automation takes care.",
      unit: BytesIEC,
    },
    { width: 12, height: 9 },
    [
      { expr: memory, legend: "memory", look: bold(INTENDED) },
      {
        expr: `${memory} + 3600 * worker:pitcrew_worker_memory_bytes:deriv5m{${THIS_WORKER}}`,
        legend: "in an hour, at the pace of 5 minutes",
        look: coloured("purple"),
      },
      {
        expr: `${memory} + 3600 * ${perWorker(`deriv(pitcrew_worker_memory_bytes{${THIS_WORKER}}[30m])`)}\n  and ${of("pitcrew_worker_age_seconds")} > 1800`,
        legend: "in an hour, at the pace of 30 minutes",
        look: coloured(WARNING),
      },
      limitLine,
    ],
  );
}
