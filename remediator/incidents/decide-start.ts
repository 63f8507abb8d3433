// Whether a worker that is down may start now, and why not. Budgets, cooldown, pauses and slots ration starts here, and only here.
import { grace, killLeftovers } from "./decide-outcome.ts";
import { decideQuarantine } from "./decide-quarantine.ts";
import type { Policy, WorkerFacts } from "./facts.ts";
import type { Incident } from "./incident.ts";
import type { DesiredReason } from "./journal-entry.ts";
import { clockSeconds } from "./phrases.ts";
import { isUrgent } from "./rationing.ts";
import type { Step } from "./step.ts";
import { blocked, expired } from "./waiting.ts";

export function decideStart(incident: Incident, facts: WorkerFacts, policy: Policy): Step {
  const { now, reading, ledger } = facts;
  const lookAgain = now.mono + policy.lookAgainSeconds;
  if (reading === undefined)
    return {
      kind: "close",
      state: "cancelled",
      suppressed: "unknown_worker",
      because: "the worker is not in the configuration any more",
    };
  if (reading.spec.manager.kind === "observe")
    return {
      kind: "close",
      state: "cancelled",
      suppressed: "observed_only",
      because: "the worker is observed only (manager: observe)",
    };
  switch (reading.presence.kind) {
    case "up":
      return alreadyUp(incident, reading.presence.incarnation.pid, facts, policy);
    case "ambiguous":
      return {
        kind: "close",
        state: "cancelled",
        suppressed: "ambiguous",
        because: `${reading.presence.roots} unrelated processes claim to be this worker`,
      };
    case "unknown":
      return { kind: "wait", until: lookAgain, because: "whether it runs cannot be read" };
    case "down":
      break;
  }
  if (ledger.desired === "down")
    return {
      kind: "close",
      state: incident.ladder === "stop" ? "resolved" : "cancelled",
      ...(incident.state === "open" ? { suppressed: "operator_stopped" as const } : {}),
      because: whyDown(ledger.desiredReason),
    };
  if (incident.state === "open" && facts.condition.kind === "false")
    return {
      kind: "close",
      state: "cancelled",
      suppressed: "not_reproduced",
      because: "our own reading does not show it",
    };
  if (incident.state === "open" && facts.condition.kind === "unevaluable")
    return (
      expired(incident, facts, policy) ?? {
        kind: "wait",
        until: lookAgain,
        because: `not decidable yet: ${facts.condition.why}`,
      }
    );

  const held = startHeldBack(incident, facts, policy);
  if (held !== undefined) {
    // A start that may not be made again must not keep its slot from others.
    return incident.state === "starting" ? { kind: "hold", because: "the start left no process" } : held;
  }
  // A unit that systemd is about to start itself is not started twice; what we hold, we have taken out of its hands.
  if (incident.state === "open" && facts.owner?.kind === "starting" && incident.source !== "operator")
    return { kind: "wait", until: lookAgain, because: "systemd is about to start it" };
  if (facts.remains.length > 0) return oldTreeRemains(facts, policy);
  return {
    kind: "start",
    because: incident.state === "open" ? "it is meant to run" : "a fresh process",
  };
}

function whyDown(reason: DesiredReason): string {
  switch (reason) {
    case "finished":
      return "the worker has finished";
    case "systemd":
      return "somebody told systemd to stop it";
    case "operator":
    case "none":
      return "an operator stopped it";
  }
}

function alreadyUp(incident: Incident, pid: number, facts: WorkerFacts, policy: Policy): Step {
  if (incident.state === "open")
    return incident.source === "webhook" || incident.source === "guard"
      ? { kind: "close", state: "cancelled", suppressed: "not_reproduced", because: `it runs (pid ${pid})` }
      : { kind: "close", state: "resolved", because: `it runs (pid ${pid})` };
  return {
    kind: "verify",
    deadline: facts.now.mono + policy.verifySeconds,
    because:
      incident.state === "starting"
        ? `runs as pid ${pid}, started before pitcrew itself ended`
        : `${facts.owner?.kind === "running" && facts.owner.byItself ? "systemd" : "somebody else"} started it (pid ${pid})`,
  };
}

/** Its process has ended by itself, others of its tree have not: they get the grace that a stop would give them. */
function oldTreeRemains(facts: WorkerFacts, policy: Policy): Step {
  const { now, ledger } = facts;
  const patience = (ledger.lastExit?.at.mono ?? now.mono) + grace(facts, policy);
  const wait: Step = { kind: "wait", until: now.mono + 1, because: "processes of its old tree still run" };
  if (now.mono < patience) return wait;
  return killLeftovers(facts, policy, "its process has ended, others of its tree did not within its grace") ?? wait;
}

function startHeldBack(incident: Incident, facts: WorkerFacts, policy: Policy): Step | undefined {
  const { now, rations } = facts;
  const lookAgain = now.mono + policy.lookAgainSeconds;
  const byOperator = incident.source === "operator";
  if (facts.paused && !byOperator) return blocked("paused", lookAgain, "automation is paused");
  if (facts.dryRun && !byOperator && incident.state === "open")
    return blocked("dry_run", lookAgain, "dry run: would start it");
  if (!facts.seenInThisBoot && !byOperator && waitsForOthers(facts))
    return blocked("startup_grace", lookAgain, "it has not been up since the machine was booted (start_at_boot)");
  const graceLeft = policy.startupGraceSeconds - facts.daemonAgeSeconds;
  if (incident.state === "open" && (incident.source === "webhook" || incident.source === "guard") && graceLeft > 0)
    return blocked("startup_grace", now.mono + graceLeft, "pitcrew itself has just started");
  const quarantine = decideQuarantine(incident, facts, policy);
  if (quarantine.kind === "held") return quarantine.step;
  const ration = quarantine.kind === "half_open" ? undefined : rationed(incident, facts);
  if (ration !== undefined) return ration;
  if (rations.groupStartFreeAt > now.mono)
    return { kind: "wait", until: rations.groupStartFreeAt, because: "start_interval of its group" };
  if (!facts.slotFree) return blocked("slot_busy", lookAgain, "another termination or start is under way");
  return undefined;
}

/** Whoever starts it at boot has not done so yet. A unit that failed was started. */
function waitsForOthers({ reading, owner }: WorkerFacts): boolean {
  const manager = reading?.spec.manager;
  if (manager?.kind === "command") return !manager.startAtBoot;
  return manager?.kind === "systemd" && (owner?.kind !== "ended" || !owner.failed);
}

/** Back-off, cooldown and budgets. */
function rationed(incident: Incident, { now, rations }: WorkerFacts): Step | undefined {
  const byOperator = incident.source === "operator";
  // An operator does not wait for what happened before; an attempt of their own that failed is waited for.
  if (rations.backoffUntil > now.mono && !(byOperator && incident.startAttempts === undefined))
    return {
      kind: "wait",
      until: rations.backoffUntil,
      because: `backs off for ${clockSeconds(rations.backoffUntil - now.mono)}`,
    };
  if (incident.force !== true && !byOperator) {
    const renewal = incident.state === "holding" && incident.ladder !== "start";
    if (renewal && rations.cooldownUntil !== undefined && rations.cooldownUntil > now.mono)
      return blocked(
        "cooldown",
        rations.cooldownUntil,
        `cooldown: it may start again in ${clockSeconds(rations.cooldownUntil - now.mono)}`,
      );
    if (isUrgent(incident.reason)) {
      const freeAt = Math.max(rations.workerBudgetFreeAt, rations.hostBudgetFreeAt);
      if (freeAt > now.mono)
        return blocked(
          "budget",
          freeAt,
          `${rations.workerBudgetFreeAt > now.mono ? "its" : "the host's"} budget is spent for ${clockSeconds(freeAt - now.mono)}`,
        );
    }
  }
  return undefined;
}
