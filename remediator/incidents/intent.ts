// An intent: what some source wants done to one target. Every source (webhook, guard, operator, supervision) ends here.
import type { Incarnation } from "../../worker/incarnation.ts";
import { sameIncarnation } from "../../worker/incarnation.ts";
import type { Stamp } from "./clock.ts";
import type { Doubt, Incident, IntentSource, Ladder, Target } from "./incident.ts";
import { told, urgency } from "./incident.ts";
import type { Reason, SuppressReason } from "./reason.ts";

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
  /** Says something else of a process that is being verified: a fresh reading will tell. */
  | { kind: "doubt"; incident: Incident }
  | { kind: "duplicate"; incident: Incident };

export interface Circumstances {
  /** The incarnation that runs now, as far as is known without a fresh look. */
  running: Incarnation | undefined;
  now: Stamp;
  nextId: () => string;
}

/** What an intent becomes, given the target's open incident. */
export function receive(
  intent: Intent,
  open: Incident | undefined,
  { running, now, nextId }: Circumstances,
): Reception {
  if (open === undefined) return { kind: "open", incident: opened(intent, running, now, nextId()) };
  switch (open.state) {
    case "open":
    case "relieving":
    case "draining":
      return takesOver(intent, open)
        ? { kind: "join", incident: joined(open, intent, now, running) }
        : { kind: "duplicate", incident: open };
    case "holding":
      // Down and rationed: an operator who wants it up does not wait for the ration.
      return intent.source === "operator" && intent.ladder !== "stop"
        ? { kind: "join", incident: joined(open, { ...intent, ladder: open.ladder }, now, undefined) }
        : { kind: "duplicate", incident: open };
    case "starting":
      // What is being born is stopped as soon as it is known.
      return intent.ladder === "stop"
        ? { kind: "join", incident: joined(open, intent, now, undefined) }
        : { kind: "duplicate", incident: open };
    case "terminating":
    case "killing":
    case "settling":
      return { kind: "duplicate", incident: open };
    case "verifying":
      if (intent.ladder === "stop" || (isByOperator(intent) && intent.ladder !== "start"))
        return renewal(open, intent, open.replacement ?? running, now, nextId());
      return raisesDoubt(intent, open)
        ? { kind: "doubt", incident: doubted(open, intent, now) }
        : { kind: "duplicate", incident: open };
    case "resolved":
    case "expired":
    case "superseded":
    case "cancelled":
    case "escalated":
      return { kind: "open", incident: opened(intent, running, now, nextId()) };
  }
}

/**
 * The same alert about the same process ended a while ago without an act, for a reason that has not passed: it would end so again. An alert
 * that fires on and on would otherwise fill the history with incidents that do nothing.
 */
export function isSettled(
  intent: Intent,
  last: Incident | undefined,
  { running, desired, sinceMono }: { running: Incarnation | undefined; desired: "up" | "down"; sinceMono: number },
): boolean {
  if (intent.source !== "webhook" && intent.source !== "guard") return false;
  if (last === undefined || last.alertname !== intent.alertname || last.changedAt.mono < sinceMono) return false;
  if (!sameIncarnation(last.incarnation, running)) return false;
  if (last.suppressed !== undefined)
    return last.suppressed === "duplicate" || (last.suppressed === "operator_stopped" && desired === "down");
  // No relief is offered, or it freed too little.
  return last.ladder === "relieve" && (last.state === "cancelled" || last.state === "escalated");
}

/** An operator's word goes before automation's; otherwise the more urgent ladder wins. A start is for what is down, a renewal for what is up. */
function takesOver(intent: Intent, open: Incident): boolean {
  if (intent.ladder === "start") return open.ladder === "start" && isByOperator(intent) && open.source !== "operator";
  if (open.ladder === "start") return intent.ladder === "stop";
  if (isByOperator(intent) && open.source !== "operator") return true;
  return urgency(intent.ladder) > urgency(open.ladder);
}

/** The incident that is being verified ends, and one on its replacement begins. */
export function renewal(
  open: Incident,
  intent: Intent,
  running: Incarnation | undefined,
  now: Stamp,
  id: string,
): Extract<Reception, { kind: "renew" }> {
  const { doubt: _settled, ...rest } = open;
  return { kind: "renew", ended: closedBy(rest, intent, now), incident: opened(intent, running, now, id) };
}

/** The same alert asks nothing new: its rule is looked at all the while. A worker that is verified is up. */
function raisesDoubt(intent: Intent, open: Incident): intent is Intent & { alertname: string } {
  return (
    intent.alertname !== undefined &&
    intent.alertname !== open.alertname &&
    intent.ladder !== "start" &&
    open.doubt === undefined
  );
}

function doubted(open: Incident, intent: Intent & { alertname: string }, now: Stamp): Incident {
  const { alertname, ladder, reason, source, text } = intent;
  return { ...open, changedAt: now, doubt: { alertname, ladder, reason, source, text } };
}

function isByOperator({ source }: Intent): boolean {
  return source === "operator";
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

/** What was said by and for the former source goes; so does its back-off: who joins has not failed yet. */
function joined(open: Incident, intent: Intent, now: Stamp, running: Incarnation | undefined): Incident {
  const { blocked: _b, by: _by, force: _f, startAttempts: _a, startFailedAt: _at, ...rest } = open;
  return {
    ...rest,
    ...(open.state === "open" && running !== undefined ? { incarnation: running } : {}),
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

/** A doubt that was not confirmed, on the record as an incident of its own that ended where it began. */
export function dismissed(
  verifying: Incident,
  { text, ...about }: Doubt,
  { suppressed, because }: { suppressed: SuppressReason; because: string },
  now: Stamp,
  id: string,
): Incident {
  const { target, replacement } = verifying;
  const story = [text, because].map((line) => ({ at: now, text: line }));
  return {
    id,
    target,
    ...about,
    state: "cancelled",
    suppressed,
    ...(replacement === undefined ? {} : { incarnation: replacement }),
    openedAt: now,
    changedAt: now,
    story,
  };
}
