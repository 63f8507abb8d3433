// Ledger and journal as one: every change is folded and written in the same breath.
import { Backlog } from "./backlog.ts";
import type { Clock, Stamp } from "./clock.ts";
import type { Happening, Incident, IncidentId } from "./incident.ts";
import { isOpen, targetName, told } from "./incident.ts";
import { type Journal, JournalError } from "./journal.ts";
import type { Entry } from "./journal-entry.ts";
import { mustOutliveMachine } from "./journal-entry.ts";
import type { Ledger } from "./ledger.ts";
import type { EngineLog } from "./log-entries.ts";
import { logEntries } from "./log-entries.ts";
import { summaryOf } from "./summary.ts";

export interface StoreDeps {
  clock: Clock;
  journal: Pick<Journal, "append"> & Partial<Pick<Journal, "probe">>;
  log: EngineLog;
  /** Called after every change, with what changed. */
  onEntries?(entries: readonly Entry[]): void;
}

export class Store {
  readonly ledger: Ledger;
  readonly #deps: StoreDeps;
  readonly #logged = new WeakSet<Happening>();
  readonly #backlog = new Backlog();
  #writable = true;
  #refusedSince: Stamp | undefined;

  constructor(deps: StoreDeps, ledger: Ledger) {
    this.#deps = deps;
    this.ledger = ledger;
  }

  /** False while the disk refuses the journal: then only emergencies are taken in, from memory. */
  get journalWritable(): boolean {
    return this.#writable;
  }

  /** Folds entries and writes them. A journal that cannot be written does not stop what is under way: it is written later. */
  commit(entries: readonly Entry[]): void {
    if (entries.length === 0) return;
    const isCaughtUp = this.catchUp() === undefined;
    const now = this.#deps.clock();
    for (const entry of entries) this.ledger.apply(entry, now);
    try {
      if (isCaughtUp) this.#append(entries, now, false);
    } catch (cause) {
      this.#refused(cause);
    }
    if (!this.#writable) this.#backlog.add(entries, now);
    this.#tell(entries);
  }

  /** Writes entries, then folds them: for what must not be promised unless it is kept. @throws JournalError */
  commitOrRefuse(entries: readonly Entry[]): void {
    if (entries.length === 0) return;
    const behind = this.catchUp();
    if (behind !== undefined) throw behind;
    const now = this.#deps.clock();
    try {
      this.#append(entries, now, entries.some(mustOutliveMachine));
    } catch (cause) {
      throw this.#refused(cause);
    }
    for (const entry of entries) this.ledger.apply(entry, now);
    this.#tell(entries);
  }

  /**
   * Writes incidents that have just been opened or joined (and folded, so that the next intent of a batch meets them). If the disk
   * refuses, those that are no memory emergency are as they were before. Call `catchUp` before they are folded. @throws JournalError
   */
  keepOpened(entries: readonly Entry[], now: Stamp, before: ReadonlyMap<IncidentId, Incident | undefined>): void {
    if (entries.length === 0) return;
    try {
      if (!this.#backlog.isEmpty) throw new JournalError("the journal cannot be written (it is behind)");
      this.#append(entries, now, entries.some(mustOutliveMachine));
    } catch (cause) {
      const refusal = this.#refused(cause);
      const incidents = entries.flatMap((entry) => (entry.type === "incident" ? [entry.incident] : []));
      const kept = new Set(incidents.filter(isEmergency).map(({ target }) => targetName(target)));
      for (const incident of incidents) {
        if (kept.has(targetName(incident.target))) continue;
        this.ledger.takeBack(incident.id, before.get(incident.id));
      }
      const acted = entries.filter((entry) => entry.type === "incident" && kept.has(targetName(entry.incident.target)));
      this.#backlog.add(acted, now);
      this.#tell(acted);
      throw refusal;
    }
    this.#tell(entries);
  }

  /**
   * Writes what the disk has refused before. To be called now and then: a disk that takes records again is noticed, and one that would
   * refuse the next one, before that one comes.
   * @returns why it refuses still
   */
  catchUp(): JournalError | undefined {
    if (this.#writable) return undefined;
    const { clock, journal, log } = this.#deps;
    const now = clock();
    const { dropped } = this.#backlog;
    try {
      this.#backlog.writeTo(({ entries, at }) => journal.append(entries, at, false));
      const since = this.#refusedSince ?? now;
      const gap: Entry[] = [{ type: "gap", sinceWall: since.wall, seconds: now.mono - since.mono, dropped }];
      // What was dropped is on no line; what it adds up to is, and how far what is under way has come.
      if (dropped > 0)
        gap.push(...this.ledger.openIncidents().map((incident): Entry => ({ type: "incident", incident })), {
          type: "summary",
          summary: summaryOf(this.ledger, this.ledger.workerNames()),
        });
      journal.append(gap, now, false);
      this.#backlog.clear();
      this.#writable = true;
      this.#refusedSince = undefined;
      log.info("the journal can be written again", { seconds: Math.round(now.mono - since.mono), dropped });
      return undefined;
    } catch (cause) {
      return this.#refused(cause);
    }
  }

  /** Notices a disk that would refuse, before there is something that must be kept. */
  probe(): void {
    if (this.catchUp() !== undefined) return;
    try {
      this.#deps.journal.probe?.();
    } catch (cause) {
      this.#refused(cause);
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

  #append(entries: readonly Entry[], now: Stamp, durable: boolean): void {
    this.#deps.journal.append(entries, now, durable);
  }

  #tell(entries: readonly Entry[]): void {
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

  #refused(cause: unknown): JournalError {
    const error = cause instanceof JournalError ? cause : new JournalError(String(cause), { cause });
    if (this.#writable) {
      this.#deps.log.error("the journal cannot be written: only memory emergencies are acted on", {
        error: error.message,
      });
      this.#refusedSince = this.#deps.clock();
    }
    this.#writable = false;
    return error;
  }
}

function isEmergency(incident: Incident): boolean {
  const { reason } = incident.doubt ?? incident;
  return isOpen(incident) && (reason === "memory_limit" || reason === "system_memory");
}
