// What a compacted journal says of the records that it no longer holds: counts, and what each worker's past amounts to.
import type { ActionKind, ActionOutcome } from "./incident.ts";
import type { ExitReason, Reason, SuppressReason } from "./reason.ts";

export interface WorkerSummary {
  restarts: readonly (readonly [Reason, number])[];
  exits: readonly (readonly [ExitReason, number])[];
  youngDeaths: number;
  /** Absent in a summary of an earlier version. */
  ineffectiveRenewals?: number;
  actedOn?: string;
  stopFailed?: StopFailed;
}

/** An attempt to end this incarnation that came to nothing, in Unix seconds. */
export interface StopFailed {
  incarnation: string;
  atWall: number;
}

export interface Summary {
  actions: readonly (readonly [`${ActionKind}/${ActionOutcome}`, number])[];
  suppressed: readonly (readonly [SuppressReason, number])[];
  workers: readonly (readonly [string, WorkerSummary])[];
}

/** The part of the ledger that is counted over all time. */
export interface Tallied {
  actions: Map<`${ActionKind}/${ActionOutcome}`, number>;
  suppressed: Map<SuppressReason, number>;
  worker(name: string): TalliedWorker;
}

export interface TalliedWorker {
  restarts: Map<Reason, number>;
  exits: Map<ExitReason, number>;
  youngDeaths: number;
  ineffectiveRenewals: number;
  actedOn: string | undefined;
  stopFailed: StopFailed | undefined;
}

export function summaryOf(ledger: Tallied, workers: Iterable<string>): Summary {
  return {
    actions: [...ledger.actions],
    suppressed: [...ledger.suppressed],
    workers: [...workers].map((name) => {
      const { restarts, exits, youngDeaths, ineffectiveRenewals, actedOn, stopFailed } = ledger.worker(name);
      const counts = { restarts: [...restarts], exits: [...exits], youngDeaths, ineffectiveRenewals };
      return [name, { ...counts, ...(actedOn === undefined ? {} : { actedOn }), ...(stopFailed && { stopFailed }) }];
    }),
  };
}

/** The counts are absolute: the records before it in a compacted journal have been counted already. */
export function restoreSummary(ledger: Tallied, summary: Summary): void {
  replace(ledger.actions, summary.actions);
  replace(ledger.suppressed, summary.suppressed);
  for (const [name, known] of summary.workers) {
    const worker = ledger.worker(name);
    replace(worker.restarts, known.restarts);
    replace(worker.exits, known.exits);
    worker.youngDeaths = known.youngDeaths;
    worker.ineffectiveRenewals = known.ineffectiveRenewals ?? 0;
    worker.actedOn = known.actedOn;
    worker.stopFailed = known.stopFailed;
  }
}

function replace<K>(counts: Map<K, number>, by: readonly (readonly [K, number])[]): void {
  counts.clear();
  for (const [key, value] of by) counts.set(key, value);
}
