// What can be said while the remediator is down: the journal and a look at the machine of our own.
import { join } from "node:path";
import type { Config } from "../../config/config.ts";
import { readBootId } from "../../worker/boot.ts";
import { Observer } from "../../worker/observer.ts";
import type { StatusFacts } from "../api/views.ts";
import { systemClock } from "../incidents/clock.ts";
import { JOURNAL_FILE, readJournal } from "../incidents/journal.ts";
import { Ledger } from "../incidents/ledger.ts";
import { Unreachable } from "./client.ts";

export interface Offline {
  ledger: Ledger;
  /** What of the journal could not be understood. */
  problems: readonly string[];
}

/** @throws Unreachable with both reasons: neither the remediator nor its journal can be asked */
export function offlineLedger(config: Config, why: Unreachable): Offline {
  try {
    const { records, problems } = readJournal(config.stateDirectory);
    return { ledger: Ledger.fold(records, readBootId() ?? "", systemClock()), problems };
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === undefined) throw cause;
    const path = join(config.stateDirectory, JOURNAL_FILE);
    const remedy = code === "EACCES" ? ": ask as the remediator's user, or with sudo" : "";
    throw new Unreachable(`${why.message}, and its journal ${path} cannot be read (${code})${remedy}`, { cause });
  }
}

export async function offlineFacts(config: Config, { ledger }: Offline): Promise<StatusFacts> {
  return { config, ledger, ...(await lookAtMachine(config)), now: systemClock(), loop: null };
}

/** One reading of our own: what may be read of other users' processes depends on who asks. */
export async function lookAtMachine(config: Config): Promise<Pick<StatusFacts, "readings" | "system">> {
  const observer = new Observer({
    host: config.host,
    runDirectory: config.runDirectory,
    specs: config.workers,
    floors: config.system,
  });
  try {
    const { workers, system } = await observer.observe();
    return { readings: new Map(workers.map((reading) => [reading.spec.name, reading])), system };
  } finally {
    observer.close();
  }
}

/** For the reader of an answer that did not come from the remediator. */
export function offlineNote(why: Unreachable, { problems }: Offline, source: string): string {
  const damaged = problems.length === 0 ? "" : ` (${problems.length} damaged parts passed over)`;
  return `${why.message}: what follows was read from its ${source}${damaged}`;
}
