// What an incident on a worker does next. Pure: the same incident, facts and policy always give the same step and its reason.
import { incarnationKey, sameIncarnation } from "../../worker/incarnation.ts";
import {
  decideDraining,
  decideStopping,
  decideVerifying,
  grace,
  killLeftovers,
  presentIncarnation,
} from "./decide-outcome.ts";
import { decideStart } from "./decide-start.ts";
import type { Policy, WorkerFacts } from "./facts.ts";
import type { Incident } from "./incident.ts";
import { clockSeconds, comparison, seconds } from "./phrases.ts";
import type { SuppressReason } from "./reason.ts";
import type { Step } from "./step.ts";
import { blocked, expired } from "./waiting.ts";

/** A worker sees the request at its next check, as it does a drain: `stop.drain` is how long a piece of its work may take. */
const LEAST_RELIEF_SECONDS = 30;
/** After a stop of which nobody could be told (systemd's bus hangs): each try ends as an escalation, which pages. */
const STOP_AGAIN_SECONDS = 60;

export function decide(incident: Incident, facts: WorkerFacts, policy: Policy): Step {
  switch (incident.state) {
    case "open":
      return incident.ladder === "start"
        ? decideStart(incident, facts, policy)
        : decideWhetherToStop(incident, facts, policy);
    case "relieving":
      // A more urgent intent has joined: it does not wait for relief.
      return incident.ladder === "relieve"
        ? decideRelieving(incident, facts, policy)
        : decideWhetherToStop(incident, facts, policy);
    case "draining":
      return decideDraining(incident, facts, policy);
    case "terminating":
    case "killing":
      return decideStopping(incident, facts, policy);
    case "holding":
    case "starting":
      return decideStart(incident, facts, policy);
    case "settling":
    case "verifying":
      return decideVerifying(incident, facts, policy);
    case "resolved":
    case "expired":
    case "superseded":
    case "cancelled":
    case "escalated":
      return { kind: "wait", until: Number.POSITIVE_INFINITY };
  }
}

/** Open, on a ladder that begins with a running worker: is it still true, is it allowed, and how does it begin? */
function decideWhetherToStop(incident: Incident, facts: WorkerFacts, policy: Policy): Step {
  const { now, reading, ledger } = facts;
  const lookAgain = now.mono + policy.lookAgainSeconds;
  if (reading === undefined) return refuse("unknown_worker", "the worker is not in the configuration any more");
  const manager = reading.spec.manager.kind;
  if (manager === "observe") return refuse("observed_only", "the worker is observed only (manager: observe)");
  if (incident.ladder !== "stop" && ledger.desired === "down")
    return refuse("operator_stopped", "the worker is meant to be down");
  if (incident.ladder === "stop" && ledger.desired === "up")
    return { kind: "close", state: "cancelled", because: "it is meant to run again" };

  switch (reading.presence.kind) {
    case "ambiguous":
      return refuse("ambiguous", `${reading.presence.roots} unrelated processes claim to be this worker`);
    case "unknown":
      return (
        expired(incident, facts, policy) ?? { kind: "wait", until: lookAgain, because: "the worker cannot be read" }
      );
    case "down":
      return incident.ladder === "stop"
        ? decideDown(facts, policy)
        : { kind: "close", state: "superseded", because: "the worker ended by itself first" };
    case "up":
      break;
  }
  const running = reading.presence.incarnation;
  // An alert is about one process; an operator's stop is about the worker, whichever process it is.
  if (
    incident.ladder !== "stop" &&
    incident.incarnation !== undefined &&
    !sameIncarnation(running, incident.incarnation)
  )
    return {
      kind: "close",
      state: "superseded",
      suppressed: "stale_incarnation",
      because: `pid ${incident.incarnation.pid} was meant; pid ${running.pid} runs now`,
    };
  const isFailed = ledger.stopFailed?.incarnation === incarnationKey(running);
  if (ledger.actedOn === incarnationKey(running) && !isFailed && incident.ladder !== "stop")
    return refuse("duplicate", `pid ${running.pid} has been acted on before`);

  switch (facts.condition.kind) {
    case "false":
      return incident.blocked === undefined
        ? refuse("not_reproduced", `our own reading does not show it${comparison(incident.reason, facts.condition)}`)
        : { kind: "close", state: "cancelled", because: `it passed${comparison(incident.reason, facts.condition)}` };
    case "unevaluable":
      return (
        expired(incident, facts, policy) ?? {
          kind: "wait",
          until: lookAgain,
          because: `not decidable yet: ${facts.condition.why}`,
        }
      );
    case "true":
    case "not_needed":
      break;
  }
  const held = heldBack(incident, facts, policy);
  if (held !== undefined) return expired(incident, facts, policy) ?? held;

  const because = `${incident.reason}${comparison(incident.reason, facts.condition)}`;
  const { stop } = reading.spec;
  if (incident.ladder === "relieve") {
    if (!handles(facts, "relief"))
      return { kind: "close", state: "cancelled", because: `${because}; the worker offers no relief` };
    return { kind: "relieve", deadline: now.mono + Math.max(LEAST_RELIEF_SECONDS, stop.drainSeconds), because };
  }
  if (incident.ladder === "recycle" && handles(facts, "drain") && stop.drainSeconds > 0)
    return { kind: "drain", deadline: now.mono + stop.drainSeconds, because };
  // Relief and drain hold no slot; a termination does.
  if (!facts.slotFree)
    return (
      expired(incident, facts, policy) ?? blocked("slot_busy", lookAgain, "another termination or start is under way")
    );
  return { kind: "terminate", target: running, graceSeconds: grace(facts, policy), because };
}

/** To be stopped, and its process is gone: others of its tree may not be. */
function decideDown(facts: WorkerFacts, policy: Policy): Step {
  const because = "its process has ended, others of its tree have not";
  return killLeftovers(facts, policy, because) ?? { kind: "close", state: "resolved", because: "the worker is down" };
}

/** Reasons that pass: the incident waits and looks again. */
function heldBack(incident: Incident, facts: WorkerFacts, policy: Policy): Step | undefined {
  const { now } = facts;
  const lookAgain = now.mono + policy.lookAgainSeconds;
  const byOperator = incident.source === "operator";
  if (facts.paused && !byOperator) return blocked("paused", lookAgain, "automation is paused");
  if (facts.dryRun && !byOperator) return blocked("dry_run", lookAgain, `dry run: would ${incident.ladder}`);
  const pause = byOperator || incident.ladder === "relieve" ? 0 : pauseAfterFailure(facts);
  if (pause > 0)
    return blocked("cooldown", now.mono + pause, "it could not be told to end; that is tried again a minute later");
  if (incident.ladder === "recycle") {
    const graceLeft = policy.startupGraceSeconds - facts.daemonAgeSeconds;
    if (graceLeft > 0 && !byOperator)
      return blocked(
        "startup_grace",
        now.mono + graceLeft,
        `pitcrew itself started ${seconds(facts.daemonAgeSeconds)} ago`,
      );
    if (facts.ledger.quarantine !== undefined && !byOperator)
      return blocked("quarantined", lookAgain, "quarantined: left running");
    const cooldown = facts.rations.cooldownUntil;
    if (cooldown !== undefined && cooldown > now.mono && incident.force !== true)
      return blocked(
        "cooldown",
        cooldown,
        `cooldown: it was renewed lately and may be again in ${clockSeconds(cooldown - now.mono)}`,
      );
    if (facts.storm && !byOperator)
      return blocked("storm", lookAgain, "a storm of urgent renewals: planned ones wait until it is over");
    if (facts.healthyPeers < facts.minHealthy)
      return blocked(
        "min_healthy",
        lookAgain,
        `${facts.healthyPeers} others of the group are up, ${facts.minHealthy} must be`,
      );
  }
  return undefined;
}

/** In seconds. On the wall clock, as it outlives a restart of pitcrew: if somebody sets that, the next try comes at once. */
function pauseAfterFailure(facts: WorkerFacts): number {
  const running = presentIncarnation(facts);
  const { stopFailed } = facts.ledger;
  if (running === undefined || stopFailed?.incarnation !== incarnationKey(running)) return 0;
  const since = facts.now.wall - stopFailed.atWall;
  return since < 0 ? 0 : Math.max(0, STOP_AGAIN_SECONDS - since);
}

function decideRelieving(incident: Incident, facts: WorkerFacts, policy: Policy): Step {
  const { now } = facts;
  if (facts.condition.kind === "false")
    return {
      kind: "close",
      state: "resolved",
      because: "memory fell",
      outcome: { action: "relieve", outcome: "done" },
    };
  if (!sameIncarnation(presentIncarnation(facts), incident.incarnation))
    return { kind: "close", state: "superseded", because: "the worker was renewed meanwhile" };
  // That the worker has answered, we believe; what came of it, we have measured. Never climbs to a restart: the memory limit has a rule of its own.
  const hasAnswered = facts.reading?.brake?.lastRelief?.request === incident.id;
  if ((hasAnswered && facts.condition.kind === "true") || now.mono >= (incident.deadline ?? 0))
    return {
      kind: "close",
      state: "escalated",
      because: hasAnswered ? "relief freed too little" : "the worker did not come to a check of its brake",
      outcome: { action: "relieve", outcome: "ineffective" },
    };
  return { kind: "wait", until: Math.min(incident.deadline ?? 0, now.mono + policy.lookAgainSeconds) };
}

function refuse(suppressed: SuppressReason, because: string): Step {
  return { kind: "close", state: "cancelled", suppressed, because };
}

/** A former incarnation's record says nothing about this one; a member of the tree may have written it for a launcher above. */
function handles(facts: WorkerFacts, request: "relief" | "drain"): boolean {
  const { brake, tree } = facts.reading ?? {};
  const present = tree?.members.some((member) => sameIncarnation(member, brake?.incarnation)) === true;
  return present && brake?.handles.includes(request) === true;
}
