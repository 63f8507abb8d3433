// From figures to the rows of the table, and all reaction times beside each other.
import { mean, median, quantile } from "../measuring/quantiles.ts";
import { grid, idleRows, memoryRows, of, plain, type Row, ratio, shown } from "../measuring/table.ts";
import { GUARD, MONIT, POLLER, PROMETHEUS } from "./subjects.ts";
import type { WebhookTimes } from "./webhook.ts";
import type { Trial } from "./worker.ts";

export interface Outcome {
  webhook?: Map<"idle" | "busy", WebhookTimes>;
  reactions?: Map<string, Trial[]>;
  memory?: Map<string, number>;
  idle?: Map<string, number>;
}

export function rowsOf({ webhook, reactions, memory, idle }: Outcome): Row[] {
  const rows: Row[] = [];
  for (const [disk, { toSignal }] of webhook ?? []) {
    const what = `webhook → SIGTERM, ${disk} disk`;
    rows.push(plain(`${what}, p99`, quantile(toSignal, 0.99), "ms", `p50 ${shown(median(toSignal))} ms`, 10));
  }
  if (reactions) {
    const signals = (name: string) => of(reactions, name).map(({ toSignal }) => toSignal);
    const replacements = (name: string) => of(reactions, name).map(({ toReplacement }) => toReplacement);
    const against = (what: string, figure: typeof median, [mine, peer]: number[][], name: string, limit: number) =>
      rows.push(ratio(what, figure(mine ?? []), { name, value: figure(peer ?? []) }, "s", limit));
    const told = [signals(GUARD), signals(POLLER)];
    against("guard at 1 s: crossed → SIGTERM, median", median, told, POLLER, 1.15);
    against("guard at 1 s: crossed → SIGTERM, mean", mean, told, POLLER, 1.15);
    const renewed = [replacements(GUARD), replacements(POLLER)];
    against("guard at 1 s: crossed → replacement runs, median", median, renewed, POLLER, 1.15);
    const alerted = [replacements(PROMETHEUS), replacements(MONIT)];
    against("Prometheus 1 s/1 s: crossed → replacement runs, median", median, alerted, MONIT, 0.55);
  }
  if (memory) rows.push(...memoryRows(memory));
  if (idle) rows.push(...idleRows(idle));
  return rows;
}

/** Seconds: median, 99th percentile and the longest, until the signal and until the replacement. */
export function reactionTable(reactions: ReadonlyMap<string, readonly Trial[]>): string {
  const figures = (values: readonly number[]) =>
    [median(values), quantile(values, 0.99), Math.max(...values)].map((value) => value.toFixed(2)).join(" / ");
  return grid([
    ["crossed → …, seconds, p50 / p99 / max", "trials", "SIGTERM", "replacement runs"],
    ...[...reactions].map(([name, trials]) => [
      name,
      String(trials.length),
      figures(trials.map(({ toSignal }) => toSignal)),
      figures(trials.map(({ toReplacement }) => toReplacement)),
    ]),
  ]);
}
