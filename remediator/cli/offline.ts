// What can be said while the remediator is down: the journal and a look at the machine of our own.
import type { Config } from "../../config/config.ts";
import { readBootId } from "../../worker/boot.ts";
import { Observer } from "../../worker/observer.ts";
import type { StatusFacts } from "../api/views.ts";
import { systemClock } from "../incidents/clock.ts";
import { readJournal } from "../incidents/journal.ts";
import { Ledger } from "../incidents/ledger.ts";

export function offlineLedger(config: Config): Ledger {
  const { records } = readJournal(config.stateDirectory);
  return Ledger.fold(records, readBootId() ?? "", systemClock());
}

export async function offlineFacts(config: Config): Promise<StatusFacts> {
  const observer = new Observer({
    host: config.host,
    runDirectory: config.runDirectory,
    specs: config.workers,
    floors: config.system,
  });
  try {
    const { workers, system } = await observer.observe();
    return {
      config,
      ledger: offlineLedger(config),
      readings: new Map(workers.map((reading) => [reading.spec.name, reading])),
      system,
      now: systemClock(),
      loop: null,
    };
  } finally {
    observer.close();
  }
}
