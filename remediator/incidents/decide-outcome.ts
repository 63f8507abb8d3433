// Whether an action has done what it was for: the tree is gone, the new process is well.
import type { Incarnation } from "../../worker/incarnation.ts";
import { incarnationKey, sameIncarnation } from "../../worker/incarnation.ts";
import type { Policy, WorkerFacts } from "./facts.ts";
import type { Doubt, Incident } from "./incident.ts";
import type { Intent } from "./intent.ts";
import { comparison, seconds } from "./phrases.ts";
import type { ExitReason } from "./reason.ts";
import type { Step } from "./step.ts";
import { blocked } from "./waiting.ts";

/** A shim writes how its worker ended within milliseconds; the follower (follow.ts) bounds the wait. */
const EXIT_POLL_SECONDS = 0.05;
const ENDED_WELL: ReadonlySet<ExitReason> = new Set(["clean", "requested", "drained"]);

export function decideDraining(incident: Incident, facts: WorkerFacts, policy: Policy): Step {
  const { now, condition } = facts;
  const target = incident.incarnation;
  if (target === undefined || (facts.remains.length === 0 && !sameIncarnation(presentIncarnation(facts), target)))
    return whenGone(facts, target, "drain", "drained");
  // What joined has to be true on our own reading, like anything else that touches a process.
  const urgent = incident.ladder !== "recycle" && (condition.kind === "true" || condition.kind === "not_needed");
  const graceSeconds = grace(facts, policy);
  if (urgent && facts.slotFree)
    return { kind: "terminate", target, graceSeconds, because: `${incident.reason} does not wait for the drain` };
  const deadline = incident.deadline ?? now.mono;
  if (!urgent && now.mono < deadline) return { kind: "wait", until: deadline };
  if (!facts.slotFree)
    return blocked("slot_busy", now.mono + policy.lookAgainSeconds, "another termination or start is under way");
  return { kind: "terminate", target, graceSeconds, because: "the drain ran out of time" };
}

export function decideStopping(incident: Incident, facts: WorkerFacts, policy: Policy): Step {
  const { now } = facts;
  const target = incident.incarnation;
  const killing = incident.state === "killing";
  // A reading from just before the end shows it, too; the next one does not.
  const isShown = target !== undefined && sameIncarnation(presentIncarnation(facts), target);
  if (isShown && facts.remains.length === 0 && now.mono >= (incident.deadline ?? now.mono) + policy.killSeconds)
    return {
      kind: "close",
      state: "escalated",
      because: `pid ${target.pid} is shown to run, and cannot be found to be ended; no second copy is started`,
      outcome: { action: killing ? "kill" : "terminate", outcome: "failed" },
    };
  if (target === undefined || facts.remains.length === 0)
    return whenGone(facts, target, killing ? "kill" : "terminate", "its whole tree is gone");
  if (incident.signalled !== true) {
    const because = "taken up again after a restart of pitcrew";
    return killing
      ? { kind: "kill", target, deadline: now.mono + policy.killSeconds, because }
      : { kind: "terminate", target, graceSeconds: grace(facts, policy), because };
  }
  if (killing && now.mono >= (incident.deadline ?? now.mono))
    return {
      kind: "close",
      state: "escalated",
      because: `${facts.remains.length} of its processes survived SIGKILL (first: pid ${facts.remains[0]?.pid ?? 0}); no second copy is started`,
      outcome: { action: "kill", outcome: "failed" },
    };
  const deadline = patience(incident, facts, policy);
  if (now.mono < deadline) return { kind: "wait", until: deadline };
  return {
    kind: "kill",
    target,
    deadline: now.mono + policy.killSeconds,
    because: "it did not end within its grace",
  };
}

/** Falling below the critical floor cuts a grace that is running already. */
function patience(incident: Incident, facts: WorkerFacts, policy: Policy): number {
  const deadline = incident.deadline ?? facts.now.mono;
  return facts.critical && incident.state === "terminating"
    ? Math.min(deadline, incident.changedAt.mono + policy.criticalGraceSeconds)
    : deadline;
}

/** The old tree is gone. How it ended is written down within moments, and belongs to this incident's story. */
function whenGone(
  facts: WorkerFacts,
  target: Incarnation | undefined,
  action: "drain" | "terminate" | "kill",
  because: string,
): Step {
  if (exitPending(facts, target)) return { kind: "wait", until: facts.now.mono + EXIT_POLL_SECONDS };
  const outcome = { action, outcome: "done" } as const;
  return facts.ledger.desired === "up"
    ? { kind: "hold", because, outcome }
    : { kind: "close", state: "resolved", because: `stopped: ${because}`, outcome };
}

function exitPending({ reading, ledger }: WorkerFacts, target: Incarnation | undefined): boolean {
  if (reading === undefined) return false;
  const { presence } = reading;
  // It ended between the reading, which shows it, and the look for what remains: what comes next needs a reading of its own.
  if (presence.kind === "up" && sameIncarnation(presence.incarnation, target)) return true;
  return !ledger.ended && presence.kind === "down";
}

/** Once for each incarnation: who survives SIGKILL would survive it again. */
export function killLeftovers(facts: WorkerFacts, policy: Policy, because: string): Step | undefined {
  const { incarnation, actedOn } = facts.ledger;
  if (facts.remains.length === 0 || incarnation === undefined || actedOn === incarnationKey(incarnation))
    return undefined;
  return { kind: "kill", target: incarnation, deadline: facts.now.mono + policy.killSeconds, because };
}

export function decideVerifying(incident: Incident, facts: WorkerFacts, policy: Policy): Step {
  const { now, reading } = facts;
  const running = presentIncarnation(facts);
  if (running === undefined) return replacementGone(facts, policy);
  if (incident.replacement !== undefined && !sameIncarnation(running, incident.replacement))
    return { kind: "close", state: "superseded", because: `pid ${running.pid} has replaced the new process` };
  if (facts.ledger.desired === "down") {
    if (!facts.slotFree)
      return blocked("slot_busy", now.mono + policy.lookAgainSeconds, "another termination or start is under way");
    const because = "an operator stopped it while it was being started";
    return { kind: "terminate", target: running, graceSeconds: grace(facts, policy), because };
  }
  if (incident.doubt !== undefined) return decideDoubt(incident, incident.doubt, facts);
  // Alertmanager swallows an alert that resolves and fires again within one group_interval: we look for ourselves.
  if (facts.condition.kind === "true" && isAboutWorker(incident))
    return {
      kind: "renew",
      intent: {
        ...aboutSame(incident),
        text: `${incident.reason} again, right after its renewal${comparison(incident.reason, facts.condition)}`,
      },
    };
  const deadline = incident.deadline ?? now.mono;
  if (now.mono < deadline) return { kind: "wait", until: Math.min(deadline, now.mono + policy.verifyLookSeconds) };
  const memory = reading?.tree?.memoryBytes;
  const limit = reading?.spec.limits.memoryBytes;
  if (memory !== undefined && limit !== undefined && memory > limit * policy.verifiedFraction)
    return {
      kind: "close",
      state: "escalated",
      because: `the new process already holds ${Math.round((100 * memory) / limit)} % of its memory limit`,
      outcome: { action: "start", outcome: "ineffective" },
    };
  return {
    kind: "close",
    state: "resolved",
    because: `verified: pid ${running.pid} has been well for ${seconds(policy.verifySeconds)}`,
  };
}

function decideDoubt(incident: Incident, doubt: Doubt, { condition }: WorkerFacts): Step {
  const found = comparison(doubt.reason, condition);
  if (condition.kind === "false")
    return {
      kind: "dismiss",
      doubt,
      suppressed: "not_reproduced",
      because: `our own reading does not show it${found}`,
    };
  if (doubt.ladder === "restart" && (condition.kind === "true" || condition.kind === "not_needed"))
    return { kind: "renew", intent: { target: incident.target, ...doubt } };
  return { kind: "dismiss", doubt, suppressed: "duplicate", because: "what is not urgent waits until it is verified" };
}

function aboutSame({ target, ladder, reason, source, alertname }: Incident): Omit<Intent, "text"> {
  return { target, ladder, reason, source, ...(alertname === undefined ? {} : { alertname }) };
}

/**
 * A victim's rule is the host's: it may well hold on, and asks for another victim rather than for the same worker. A planned renewal that
 * is due again waits until this one is verified.
 */
function isAboutWorker(incident: Incident): boolean {
  return incident.ladder === "restart" && incident.reason !== "system_memory";
}

function replacementGone(facts: WorkerFacts, policy: Policy): Step {
  const { now, reading, ledger } = facts;
  if (reading === undefined || ledger.desired === "down")
    return { kind: "close", state: "cancelled", because: "the worker is meant to be down" };
  if (reading.presence.kind !== "down") return { kind: "wait", until: now.mono + policy.lookAgainSeconds };
  if (exitPending(facts, undefined)) return { kind: "wait", until: now.mono + EXIT_POLL_SECONDS };
  const ended = ledger.lastExit;
  if (ended !== undefined && ENDED_WELL.has(ended.reason))
    return { kind: "close", state: "resolved", because: `the new process has ended by itself (${ended.reason})` };
  return {
    kind: "close",
    state: "escalated",
    because: "the new process ended at once",
    outcome: { action: "start", outcome: "ineffective" },
  };
}

export function grace(facts: WorkerFacts, policy: Policy): number {
  const configured = facts.reading?.spec.stop.graceSeconds ?? 0;
  return facts.critical ? Math.min(configured, policy.criticalGraceSeconds) : configured;
}

export function presentIncarnation(facts: WorkerFacts): Incarnation | undefined {
  return facts.reading?.presence.kind === "up" ? facts.reading.presence.incarnation : undefined;
}
