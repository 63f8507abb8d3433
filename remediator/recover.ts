// What a new daemon closes of its predecessor's: a boot ends every incarnation, so incidents of another boot have nothing left to do.
import type { Stamp } from "./incidents/clock.ts";
import type { Incident } from "./incidents/incident.ts";
import { told } from "./incidents/incident.ts";
import type { Entry } from "./incidents/journal-entry.ts";
import type { Ledger } from "./incidents/ledger.ts";

export function closeOfFormerBoot(ledger: Ledger, bootId: string, now: Stamp): Entry[] {
  return ledger
    .openIncidents()
    .filter(({ id }) => ledger.bootOf(id) !== bootId)
    .map((incident) => ({
      type: "incident",
      incident: closed(incident, now, "superseded", "the machine was booted anew"),
    }));
}

export function closeAll(ledger: Ledger, now: Stamp, state: "superseded" | "cancelled", text: string): Entry[] {
  return ledger.openIncidents().map((incident) => ({ type: "incident", incident: closed(incident, now, state, text) }));
}

function closed(incident: Incident, now: Stamp, state: "superseded" | "cancelled", text: string): Incident {
  const { blocked: _passed, ...rest } = incident;
  return { ...rest, state, changedAt: now, story: told(incident, { at: now, text }) };
}
