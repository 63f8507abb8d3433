// Ledger and journal as one: every change is folded and written in the same breath.
import type { Clock, Stamp } from "./clock.ts";
import type { Happening, Incident, IncidentId } from "./incident.ts";
import { isOpen, targetName, told } from "./incident.ts";
import type { JournalError } from "./journal.ts";
import type { Entry, JournalRecord } from "./journal-entry.ts";
import { mustOutliveMachine } from "./journal-entry.ts";
import type { Ledger } from "./ledger.ts";
import type { EngineLog } from "./log-entries.ts";
import { logEntries } from "./log-entries.ts";

export interface StoreDeps {
  clock: Clock;
  journal: { append(entries: readonly Entry[], at: Stamp, durable: boolean): JournalRecord[] };
  log: EngineLog;
  /** Called after every change, with what changed. */
  onEntries?(entries: readonly Entry[]): void;
}

export class Store {
  readonly ledger: Ledger;
  readonly #deps: StoreDeps;
  readonly #logged = new WeakSet<Happening>();
  #writable = true;

  constructor(deps: StoreDeps, ledger: Ledger) {
    this.#deps = deps;
    this.ledger = ledger;
  }

  /** False while the disk refuses the journal: then only emergencies are taken in, from memory. */
  get journalWritable(): boolean {
    return this.#writable;
  }

  /** Folds entries and writes them. A journal that cannot be written does not stop what is under way. */
  commit(entries: readonly Entry[]): void {
    const now = this.#deps.clock();
    for (const entry of entries) this.ledger.apply(entry, now);
    try {
      this.#write(entries, now);
    } catch (cause) {
      this.#refused(cause);
    }
  }

  /** Writes entries, then folds them: for what must not be promised unless it is kept. @throws JournalError */
  commitOrRefuse(entries: readonly Entry[]): void {
    const now = this.#deps.clock();
    try {
      this.#write(entries, now);
    } catch (cause) {
      this.#refused(cause);
      throw cause as JournalError;
    }
    for (const entry of entries) this.ledger.apply(entry, now);
  }

  /**
   * Writes incidents that have just been opened or joined (and folded, so that the next intent of a batch meets them). If the disk
   * refuses, those that are no memory emergency are as they were before. @throws JournalError
   */
  keepOpened(entries: readonly Entry[], now: Stamp, before: ReadonlyMap<IncidentId, Incident | undefined>): void {
    try {
      this.#write(entries, now);
    } catch (cause) {
      this.#refused(cause);
      const incidents = entries.flatMap((entry) => (entry.type === "incident" ? [entry.incident] : []));
      const kept = new Set(incidents.filter(isEmergency).map(({ target }) => targetName(target)));
      for (const incident of incidents) {
        if (kept.has(targetName(incident.target))) continue;
        const former = before.get(incident.id);
        if (former === undefined) this.ledger.incidents.delete(incident.id);
        else this.ledger.incidents.set(former.id, former);
      }
      throw cause as JournalError;
    }
  }

  /** Moves an incident on; what blocked it has passed. */
  transition(incident: Incident, change: Partial<Incident>, happening?: Happening): Incident {
    const { blocked: _passed, ...rest } = incident;
    const next: Incident = {
      ...rest,
      ...change,
      changedAt: this.#deps.clock(),
      story: happening === undefined ? incident.story : told(incident, happening),
    };
    this.commit([{ type: "incident", incident: next }]);
    return next;
  }

  /** The newest snapshot of an incident that an asynchronous step began with. */
  current(incident: Incident): Incident {
    return this.ledger.incidents.get(incident.id) ?? incident;
  }

  #write(entries: readonly Entry[], now: Stamp): void {
    if (entries.length === 0) return;
    this.#deps.journal.append(entries, now, entries.some(mustOutliveMachine));
    if (!this.#writable) this.#deps.log.info("the journal can be written again");
    this.#writable = true;
    logEntries(
      this.#deps.log,
      entries.filter((entry) => this.#tellsSomethingNew(entry)),
    );
    this.#deps.onEntries?.(entries);
  }

  /** A snapshot that only marks a step as done repeats the last line of its story. */
  #tellsSomethingNew(entry: Entry): boolean {
    const last = entry.type === "incident" ? entry.incident.story.at(-1) : undefined;
    if (last === undefined) return true;
    const known = this.#logged.has(last);
    this.#logged.add(last);
    return !known || (entry.type === "incident" && entry.incident.blocked !== undefined);
  }

  #refused(cause: unknown): void {
    if (this.#writable)
      this.#deps.log.error("the journal cannot be written: only memory emergencies are acted on", {
        error: cause instanceof Error ? cause.message : String(cause),
      });
    this.#writable = false;
  }
}

function isEmergency(incident: Incident): boolean {
  const { reason } = incident.doubt ?? incident;
  return isOpen(incident) && (reason === "memory_limit" || reason === "system_memory");
}
