// An intent: what some source wants done to one target. Every source (webhook, guard, operator, supervision) ends here.
import type { Incarnation } from "../../worker/incarnation.ts";
import { sameIncarnation } from "../../worker/incarnation.ts";
import type { Stamp } from "./clock.ts";
import type { Incident, IntentSource, Ladder, Target } from "./incident.ts";
import { told } from "./incident.ts";
import type { Reason } from "./reason.ts";
import { urgency } from "./step.ts";

export interface Intent {
  target: Target;
  ladder: Ladder;
  reason: Reason;
  source: IntentSource;
  alertname?: string;
  by?: string;
  force?: boolean;
  /** First line of the incident's story. */
  text: string;
}

export type Reception =
  | { kind: "open"; incident: Incident }
  /** More urgent than the open incident: takes it over. */
  | { kind: "join"; incident: Incident }
  /** The open incident is about a process that has been replaced: it ends, a new one opens. */
  | { kind: "renew"; ended: Incident; incident: Incident }
  | { kind: "duplicate"; incident: Incident };

/**
 * What an intent becomes, given the target's open incident.
 * @param running the incarnation that runs now, as far as is known without a fresh look
 */
export function receive(
  intent: Intent,
  open: Incident | undefined,
  running: Incarnation | undefined,
  now: Stamp,
  nextId: () => string,
): Reception {
  if (open === undefined) return { kind: "open", incident: opened(intent, running, now, nextId()) };
  switch (open.state) {
    case "open":
    case "relieving":
    case "draining":
      return takesOver(intent, open)
        ? { kind: "join", incident: joined(open, intent, now) }
        : { kind: "duplicate", incident: open };
    case "holding":
      // Down and rationed: an operator who wants it up does not wait for the ration.
      return intent.source === "operator" && intent.ladder !== "stop"
        ? { kind: "join", incident: joined(open, { ...intent, ladder: open.ladder }, now) }
        : { kind: "duplicate", incident: open };
    case "terminating":
    case "killing":
    case "starting":
    case "settling":
      return { kind: "duplicate", incident: open };
    case "verifying":
      if (intent.ladder === "start" || !sameIncarnation(open.replacement, running))
        return { kind: "duplicate", incident: open };
      return {
        kind: "renew",
        ended: closedBy(open, intent, now),
        incident: opened(intent, running, now, nextId()),
      };
    case "resolved":
    case "expired":
    case "superseded":
    case "cancelled":
    case "escalated":
      return { kind: "open", incident: opened(intent, running, now, nextId()) };
  }
}

/** An operator's word goes before automation's; otherwise the more urgent ladder wins, and a start never displaces a stop. */
function takesOver(intent: Intent, open: Incident): boolean {
  if (intent.source === "operator" && open.source !== "operator") return true;
  return intent.ladder !== "start" && urgency(intent.ladder) > urgency(open.ladder);
}

function opened(intent: Intent, running: Incarnation | undefined, now: Stamp, id: string): Incident {
  return {
    id,
    target: intent.target,
    ladder: intent.ladder,
    reason: intent.reason,
    source: intent.source,
    ...(intent.alertname === undefined ? {} : { alertname: intent.alertname }),
    ...(intent.by === undefined ? {} : { by: intent.by }),
    ...(intent.force === true ? { force: true } : {}),
    state: "open",
    ...(running === undefined ? {} : { incarnation: running }),
    openedAt: now,
    changedAt: now,
    story: [{ at: now, text: intent.text }],
  };
}

function joined(open: Incident, intent: Intent, now: Stamp): Incident {
  const { blocked: _released, ...rest } = open;
  return {
    ...rest,
    ladder: intent.ladder,
    reason: intent.reason,
    source: intent.source,
    ...(intent.alertname === undefined ? {} : { alertname: intent.alertname }),
    ...(intent.by === undefined ? {} : { by: intent.by }),
    ...(intent.force === true ? { force: true } : {}),
    changedAt: now,
    story: told(open, { at: now, text: `joined by a more urgent one: ${intent.text}` }),
  };
}

function closedBy(open: Incident, intent: Intent, now: Stamp): Incident {
  const byOperator = intent.source === "operator";
  return {
    ...open,
    state: byOperator ? "superseded" : "escalated",
    changedAt: now,
    story: told(open, {
      at: now,
      text: byOperator ? `superseded: ${intent.text}` : `not well: ${intent.text}`,
      ...(byOperator ? {} : { action: "start" as const, outcome: "ineffective" as const }),
    }),
  };
}
