// The line of a story that ends an action, with how long the action took.
import type { ActionKind, ActionOutcome, Happening, Incident } from "./incident.ts";

/** An action's outcome with how long it took, counted from the line that began it. */
export function outcomeOf(
  incident: Incident,
  action: ActionKind,
  outcome: ActionOutcome,
  nowMono: number,
): Pick<Happening, "action" | "outcome" | "tookSeconds"> {
  const begun = incident.story.findLast((line) => line.action === action && line.outcome === undefined);
  return { action, outcome, ...(begun === undefined ? {} : { tookSeconds: nowMono - begun.at.mono }) };
}
