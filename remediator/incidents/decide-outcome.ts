// Whether an action has done what it was for: the tree is gone, the new process is well.
import type { Incarnation } from "../../worker/incarnation.ts";
import { sameIncarnation } from "../../worker/incarnation.ts";
import type { Policy, WorkerFacts } from "./facts.ts";
import type { Incident } from "./incident.ts";
import { seconds } from "./phrases.ts";
import type { Step } from "./step.ts";

export function decideStopping(incident: Incident, facts: WorkerFacts, policy: Policy): Step {
  const { now } = facts;
  const action = incident.state === "killing" ? "kill" : "terminate";
  if (facts.remains.length === 0) {
    const outcome = { action, outcome: "done" } as const;
    return facts.ledger.desired === "up"
      ? { kind: "hold", because: "its whole tree is gone", outcome }
      : { kind: "close", state: "resolved", because: "stopped; its whole tree is gone", outcome };
  }
  const begun = incident.signalled !== true && incident.state === "terminating";
  if (begun)
    return {
      kind: "terminate",
      graceSeconds: grace(facts, policy),
      because: "taken up again after a restart of pitcrew",
    };
  const deadline = incident.deadline ?? now.mono;
  if (now.mono < deadline) return { kind: "wait", until: deadline };
  if (incident.state === "terminating")
    return { kind: "kill", deadline: now.mono + policy.killSeconds, because: "it did not end within its grace" };
  return {
    kind: "close",
    state: "escalated",
    because: `${facts.remains.length} of its processes survived SIGKILL (first: pid ${facts.remains[0]?.pid ?? 0}); no second copy is started`,
    outcome: { action: "kill", outcome: "failed" },
  };
}

export function decideVerifying(incident: Incident, facts: WorkerFacts, policy: Policy): Step {
  const { now, reading } = facts;
  const running = presentIncarnation(facts);
  if (running === undefined) {
    if (facts.ledger.desiredReason === "finished")
      return { kind: "close", state: "resolved", because: "the worker has finished" };
    if (reading === undefined || facts.ledger.desired === "down")
      return { kind: "close", state: "cancelled", because: "the worker is meant to be down" };
    if (reading.presence.kind === "unknown") return { kind: "wait", until: now.mono + policy.lookAgainSeconds };
    return {
      kind: "close",
      state: "escalated",
      because: "the new process ended at once",
      outcome: { action: "start", outcome: "ineffective" },
    };
  }
  if (incident.replacement !== undefined && !sameIncarnation(running, incident.replacement))
    return { kind: "close", state: "superseded", because: `pid ${running.pid} has replaced the new process` };
  const deadline = incident.deadline ?? now.mono;
  if (now.mono < deadline) return { kind: "wait", until: deadline };
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

export function grace(facts: WorkerFacts, policy: Policy): number {
  const configured = facts.reading?.spec.stop.graceSeconds ?? 0;
  return facts.critical ? Math.min(configured, policy.criticalGraceSeconds) : configured;
}

export function presentIncarnation(facts: WorkerFacts): Incarnation | undefined {
  return facts.reading?.presence.kind === "up" ? facts.reading.presence.incarnation : undefined;
}
