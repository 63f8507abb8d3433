// Asks a Prometheus what a dashboard would ask it, with what is chosen put in.
import { expect } from "vitest";
import type { Prometheus, Range } from "../support/prometheus.ts";
import { type Dashboard, dashboards, panelsOf, substituted } from "./dashboards.ts";
import { roomFor } from "./room.ts";

export interface Question {
  /** `pitcrew-worker panel 10 Memory against its limit, A` */
  name: string;
  expr: string;
}

export interface Choice {
  host: string;
  group: string;
  worker: string;
}

/**
 * What a loop of a minute does not show on every machine; the fleet tells it of itself. A process of half an hour; memory that is only
 * measured when asked for; a control group for each worker; a kernel that accounts for pressure.
 */
export const NOT_EVERYWHERE: readonly string[] = [
  "pitcrew-worker panel 12 Forecast, C",
  ..."ABDEF".split("").map((query) => `pitcrew-worker panel 19 Memory by kind, and OOM kills, ${query}`),
  ..."AB".split("").map((query) => `pitcrew-workers panel 5 Memory pressure and brakes, ${query}`),
];

/** Long enough for a pitcrew that waits for a processor. */
export const SCRAPE_SECONDS = 3;

export const ALL: Choice = { host: ".+", group: ".+", worker: ".+" };

export function questionsOf(dashboard: Dashboard): Question[] {
  return [
    ...panelsOf(dashboard).flatMap(({ id, title, targets = [] }) =>
      targets.map(({ refId, expr }) => ({ name: `${dashboard.uid} panel ${id} ${title}, ${refId}`, expr })),
    ),
    ...dashboard.annotations.list.map(({ name, expr }) => ({ name: `${dashboard.uid} annotation ${name}`, expr })),
  ];
}

/** What it has shown at any moment since `start`, in Unix seconds. */
export async function shownSince(
  prometheus: Prometheus,
  start: number,
  expr: string,
  choice: Choice,
): Promise<Range[]> {
  const end = Math.floor(Date.now() / 1000);
  const range = `${Math.max(end - start, 1)}s`;
  const promql = substituted(expr, { ...choice, range, rateInterval: `${4 * SCRAPE_SECONDS}s` });
  return await prometheus.queryRange(promql, { start, end, step: 1 });
}

/** @param workers for the dashboard that is about one; the others are asked about all */
export async function expectRoom(prometheus: Prometheus, start: number, workers: readonly Choice[]): Promise<void> {
  for (const dashboard of dashboards())
    for (const choice of dashboard.uid === "pitcrew-worker" ? workers : [ALL])
      for (const panel of panelsOf(dashboard)) {
        let series = 0;
        for (const { expr, instant } of panel.targets ?? []) {
          const shown = await shownSince(prometheus, start, expr, choice);
          series += instant ? mostAtOnce(shown) : shown.length;
        }
        expect
          .soft(series, `series in ${dashboard.uid} panel ${panel.id} ${panel.title}`)
          .toBeLessThanOrEqual(roomFor(panel));
      }
}

/** A panel that shows a moment shows only what is there at that moment. */
function mostAtOnce(series: readonly Range[]): number {
  const counts = new Map<number, number>();
  for (const { values } of series) for (const [at] of values) counts.set(at, (counts.get(at) ?? 0) + 1);
  return Math.max(0, ...counts.values());
}
