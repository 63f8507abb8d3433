// What the journal needs now and then: a look at whether the disk would take the next record, and to be made smaller.
import type { Log } from "../daemon/log.ts";
import { compacted, type Retention } from "./incidents/compaction.ts";
import type { Engine } from "./incidents/engine.ts";
import type { Journal } from "./incidents/journal.ts";

/** How soon a disk that has filled up, or has room again, is noticed while nothing happens. */
const EVERY_SECONDS = 5;

/** To be called after every look; what it does is cheap, or seldom. */
export class Housekeeping {
  readonly #journal: Journal;
  readonly #engine: Engine;
  readonly #log: Log;
  #keptAt = Number.NEGATIVE_INFINITY;

  constructor(journal: Journal, engine: Engine, log: Log) {
    this.#journal = journal;
    this.#engine = engine;
    this.#log = log;
  }

  keep(retention: Retention): void {
    const { deps, ledger, store } = this.#engine;
    const now = deps.clock();
    if (now.mono - this.#keptAt < EVERY_SECONDS) return;
    this.#keptAt = now.mono;
    store.probe();
    if (this.#journal.isLost) this.#log.error("the journal's file was taken away under it: it is written anew");
    // Rewriting it takes a moment that nobody in need should wait for.
    else if (!this.#journal.wantsCompaction(retention, now) || ledger.openIncidents().length > 0) return;
    try {
      this.#journal.compact((records) => compacted(records, deps.bootId, now, retention), now);
      this.#log.info("the journal was compacted");
    } catch (cause) {
      this.#log.warn("the journal stays as it is", { err: cause });
    }
  }
}
