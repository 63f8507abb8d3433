// Takes intents in: each meets its target's open incident, and what comes of it is in the journal before anybody acts.
import type { WorkerReading } from "../../worker/reading.ts";
import type { Stamp } from "./clock.ts";
import type { EngineDeps } from "./engine-deps.ts";
import type { Incident, IncidentId } from "./incident.ts";
import type { Intent, Reception } from "./intent.ts";
import { isSettled, receive } from "./intent.ts";
import type { Entry } from "./journal-entry.ts";
import type { Store } from "./store.ts";

export interface TakeInContext {
  deps: EngineDeps;
  store: Store;
  latest: ReadonlyMap<string, WorkerReading>;
  newId: () => string;
  /** Orders a look. */
  look(): void;
}

/** @throws JournalError when it cannot be kept; memory emergencies are acted on all the same */
export function takeIn(context: TakeInContext, intents: readonly Intent[]): Reception[] {
  const { store } = context;
  const { ledger } = store;
  store.catchUp();
  const now = context.deps.clock();
  const entries: Entry[] = [];
  const before = new Map<IncidentId, Incident | undefined>();
  const receptions = intents.map((intent) => {
    const reception = receptionOf(context, intent, now);
    const changed: Incident[] = [];
    if (reception.kind === "renew") changed.push(reception.ended);
    if (reception.kind !== "duplicate") changed.push(reception.incident);
    // The guard repeats itself by design at every tick; only notifications are counted as duplicates.
    else if (intent.source === "webhook") ledger.countSuppressed("duplicate");
    for (const incident of changed) {
      if (!before.has(incident.id)) before.set(incident.id, ledger.incidents.get(incident.id));
      const entry: Entry = { type: "incident", incident };
      ledger.apply(entry, now);
      entries.push(entry);
    }
    return reception;
  });
  try {
    store.keepOpened(entries, now, before);
  } catch (cause) {
    if (receptions.some(({ incident }) => before.has(incident.id) && ledger.incidents.get(incident.id) === incident))
      context.look();
    throw cause;
  }
  return receptions;
}

function receptionOf(context: TakeInContext, intent: Intent, now: Stamp): Reception {
  const { deps, latest, newId, store } = context;
  const { ledger } = store;
  const { target } = intent;
  if (target.kind === "host")
    return receive(intent, ledger.openHostIncident(), { running: undefined, now, nextId: newId });
  const { worker } = target;
  const presence = latest.get(worker)?.presence;
  const running = presence?.kind === "up" ? presence.incarnation : undefined;
  const open = ledger.openIncidentOf(worker);
  if (open === undefined) {
    const last = ledger.lastIncidentOf(worker);
    const { desired } = ledger.worker(worker);
    const sinceMono = now.mono - deps.policy.intentTtlSeconds;
    if (last !== undefined && isSettled(intent, last, { running, desired, sinceMono }))
      return { kind: "duplicate", incident: last };
  }
  return receive(intent, open, { running, now, nextId: newId });
}
