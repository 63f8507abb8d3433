// The remediator's memory: the fold of the journal. Nothing else is state, so a crash loses nothing that was written.
import { incarnationKey } from "../../worker/incarnation.ts";
import type { Stamp } from "./clock.ts";
import { rebase } from "./clock.ts";
import type { ActionKind, ActionOutcome, Incident, IncidentId } from "./incident.ts";
import { isOpen, newLines } from "./incident.ts";
import type { Entry, JournalRecord, Pause } from "./journal-entry.ts";
import type { Reason, SuppressReason } from "./reason.ts";
import { restoreSummary, type StopFailed } from "./summary.ts";
import { freshWorker, type WorkerLedger } from "./worker-ledger.ts";

export type { LastExit, Quarantine, WorkerLedger } from "./worker-ledger.ts";

export interface Renewal {
  at: Stamp;
  worker: string;
  incident: IncidentId;
  reason: Reason;
  urgent: boolean;
}

export interface HeldPause extends Pause {
  /** Monotonic seconds: it lasts as long as was said, whatever the wall clock does meanwhile. */
  untilMono: number;
}

export interface Refusal {
  at: Stamp;
  reason: SuppressReason;
  alertname: string;
  worker: string;
  host: string;
  source: string;
}

const KEPT_REFUSALS = 500;
const KEPT_ENDED = 2000;
/** Budgets look back half an hour by default; a day serves every window that makes sense. */
const KEPT_RENEWAL_SECONDS = 86_400;

export class Ledger {
  readonly #incidents = new Map<IncidentId, Incident>();
  /** Every one that is remembered, open or ended. */
  readonly incidents: ReadonlyMap<IncidentId, Incident> = this.#incidents;
  readonly pauses = new Map<string, HeldPause>();
  readonly refusals: Refusal[] = [];
  renewals: Renewal[] = [];
  readonly actions = new Map<`${ActionKind}/${ActionOutcome}`, number>();
  readonly suppressed = new Map<SuppressReason, number>();
  /** Boot of an incident's last record: what happened in another boot ended with it. */
  readonly #boots = new Map<IncidentId, string>();
  readonly #workers = new Map<string, WorkerLedger>();
  /** The open ones again: every reading of every worker asks for them, and there are few among many that have ended. */
  readonly #open = new Map<IncidentId, Incident>();

  /** Rebuilds the state from a journal; stamps of former boots are put on this boot's clock. */
  static fold(records: readonly JournalRecord[], bootId: string, now: Stamp): Ledger {
    const ledger = new Ledger();
    for (const record of records) {
      ledger.apply(record.entry, record.bootId === bootId ? record.at : rebase(record.at, now));
      if (record.entry.type === "incident") ledger.#boots.set(record.entry.incident.id, record.bootId);
    }
    return ledger;
  }

  /** The boot that an incident of a folded journal is from. */
  bootOf(id: IncidentId): string | undefined {
    return this.#boots.get(id);
  }

  worker(name: string): WorkerLedger {
    const known = this.#workers.get(name);
    if (known !== undefined) return known;
    const fresh = freshWorker();
    this.#workers.set(name, fresh);
    return fresh;
  }

  /** Of whom something is known. */
  workerNames(): Iterable<string> {
    return this.#workers.keys();
  }

  openIncidents(): Incident[] {
    return [...this.#open.values()];
  }

  openIncidentOf(worker: string): Incident | undefined {
    for (const incident of this.#open.values())
      if (incident.target.kind === "worker" && incident.target.worker === worker) return incident;
    return undefined;
  }

  lastIncidentOf(worker: string): Incident | undefined {
    return [...this.incidents.values()].findLast(({ target }) => target.kind === "worker" && target.worker === worker);
  }

  openHostIncident(): Incident | undefined {
    for (const incident of this.#open.values()) if (incident.target.kind === "host") return incident;
    return undefined;
  }

  countSuppressed(reason: SuppressReason): void {
    count(this.suppressed, reason);
  }

  /** Takes back what could not be kept: the incident is what it was before, or was never there. */
  takeBack(id: IncidentId, former: Incident | undefined): void {
    if (former !== undefined) this.#put(former);
    else {
      this.#incidents.delete(id);
      this.#open.delete(id);
    }
  }

  apply(entry: Entry, at: Stamp): void {
    switch (entry.type) {
      case "daemon":
      case "gap":
      case "order":
        return;
      case "incident":
        this.#applyIncident(entry.incident);
        return;
      case "refused":
        this.countSuppressed(entry.reason);
        this.refusals.push({ ...entry, at });
        if (this.refusals.length > KEPT_REFUSALS) this.refusals.shift();
        return;
      case "seen": {
        const worker = this.worker(entry.worker);
        worker.incarnation = entry.incarnation;
        worker.seenAt = at;
        worker.ended = false;
        if (entry.reason !== undefined) count(worker.restarts, entry.reason);
        return;
      }
      case "exit": {
        const worker = this.worker(entry.worker);
        worker.ended = true;
        worker.youngDeaths = entry.young ? worker.youngDeaths + 1 : 0;
        worker.lastExit = {
          incarnation: entry.incarnation,
          code: entry.code,
          reason: entry.reason,
          atWall: entry.atWall,
          at,
          ...(entry.byRequest === true && { byRequest: true }),
        };
        count(worker.exits, entry.reason);
        return;
      }
      case "released": {
        const worker = this.worker(entry.worker);
        worker.incarnation = undefined;
        worker.ended = true;
        worker.youngDeaths = 0;
        return;
      }
      case "start":
        this.renewals.push({
          at,
          worker: entry.worker,
          incident: entry.incident,
          reason: entry.reason,
          urgent: entry.urgent,
        });
        this.renewals = this.renewals.filter((renewal) => renewal.at.mono > at.mono - KEPT_RENEWAL_SECONDS);
        return;
      case "desired": {
        const worker = this.worker(entry.worker);
        worker.desired = entry.desired;
        worker.desiredReason = entry.reason;
        worker.desiredAt = at;
        return;
      }
      case "pause":
        this.pauses.set(entry.pause.id, { ...entry.pause, untilMono: at.mono + entry.pause.untilWall - at.wall });
        return;
      case "resume":
        this.pauses.delete(entry.id);
        return;
      case "quarantine":
        this.worker(entry.worker).quarantine = { since: at, reason: entry.reason, holds: entry.holds };
        return;
      case "summary":
        restoreSummary(this, entry.summary);
        return;
      case "clear": {
        const worker = this.worker(entry.worker);
        worker.quarantine = undefined;
        worker.youngDeaths = 0;
        worker.ineffectiveRenewals = 0;
        return;
      }
    }
  }

  #applyIncident(incident: Incident): void {
    const before = this.incidents.get(incident.id);
    this.#put(incident);
    for (const { action, outcome } of incident.story.slice(newLines(before, incident))) {
      if (action === undefined || outcome === undefined) continue;
      count(this.actions, `${action}/${outcome}`);
      if (incident.target.kind === "worker" && action === "start" && outcome === "ineffective")
        this.worker(incident.target.worker).ineffectiveRenewals += 1;
    }
    if (incident.target.kind === "worker" && before?.state === "verifying" && incident.state === "resolved")
      this.worker(incident.target.worker).ineffectiveRenewals = 0;
    const held = incident.blocked ?? incident.suppressed;
    if (held !== undefined && held !== (before?.blocked ?? before?.suppressed)) this.countSuppressed(held);
    if (incident.target.kind === "worker" && incident.incarnation !== undefined)
      if (incident.state === "terminating" || incident.state === "killing")
        this.worker(incident.target.worker).actedOn = incarnationKey(incident.incarnation);
    const failure = before?.state === "terminating" ? failedStop(incident) : undefined;
    if (failure !== undefined && incident.target.kind === "worker")
      this.worker(incident.target.worker).stopFailed = failure;
    if (!isOpen(incident)) this.#forgetOldest();
  }

  #put(incident: Incident): void {
    this.#incidents.set(incident.id, incident);
    if (isOpen(incident)) this.#open.set(incident.id, incident);
    else this.#open.delete(incident.id);
  }

  #forgetOldest(): void {
    if (this.#incidents.size <= KEPT_ENDED) return;
    for (const id of this.#incidents.keys()) {
      if (this.#open.has(id)) continue;
      this.#incidents.delete(id);
      this.#boots.delete(id);
      return;
    }
  }
}

function failedStop({ state, incarnation, story }: Incident): StopFailed | undefined {
  const last = story.at(-1);
  if (state !== "escalated" || incarnation === undefined || last === undefined) return undefined;
  if (last.action !== "terminate" || last.outcome !== "failed") return undefined;
  return { incarnation: incarnationKey(incarnation), atWall: last.at.wall };
}

function count<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
