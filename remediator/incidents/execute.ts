// One executor per kind of step: each journals what it is about to do, does it, and journals what came of it.
import type { Incarnation } from "../../worker/incarnation.ts";
import { sameIncarnation } from "../../worker/incarnation.ts";
import type { WorkerFacts } from "./facts.ts";
import type { Hands } from "./hands.ts";
import type { Incident } from "./incident.ts";
import { targetName, told } from "./incident.ts";
import { dismissed, renewal } from "./intent.ts";
import type { Entry } from "./journal-entry.ts";
import { outcomeOf } from "./outcome.ts";
import { isUrgent } from "./rationing.ts";
import type { Step } from "./step.ts";

type Executor<K extends Step["kind"]> = (
  engine: Hands,
  incident: Incident,
  step: Extract<Step, { kind: K }>,
  facts: WorkerFacts,
) => void | Promise<void>;

const EXECUTORS: { readonly [K in Step["kind"]]: Executor<K> } = {
  wait(engine, incident, step, facts) {
    engine.wakeAt(step.until);
    if (step.blocked === incident.blocked) return;
    const { blocked: _passed, ...rest } = incident;
    engine.store.commit([
      {
        type: "incident",
        incident: {
          ...rest,
          ...(step.blocked === undefined ? {} : { blocked: step.blocked }),
          changedAt: facts.now,
          story:
            step.because === undefined
              ? incident.story
              : told(incident, { at: facts.now, text: `waits: ${step.because}` }),
        },
      },
    ]);
  },

  drain(engine, incident, step, facts) {
    const next = engine.store.transition(
      incident,
      { state: "draining", deadline: step.deadline, ...meant(facts) },
      { at: facts.now, text: `asked to drain: ${step.because}`, action: "drain" },
    );
    engine.deps.request(next, "drain");
    engine.wakeAt(step.deadline);
  },

  relieve(engine, incident, step, facts) {
    const next = engine.store.transition(
      incident,
      { state: "relieving", deadline: step.deadline, ...meant(facts) },
      { at: facts.now, text: `asked to free memory: ${step.because}`, action: "relieve" },
    );
    engine.deps.request(next, "relief");
    engine.wakeAt(step.deadline);
  },

  async terminate(engine, incident, step, facts) {
    const { reading } = facts;
    if (reading === undefined) return;
    const { spec } = reading;
    const { target } = step;
    const isPresent = reading.presence.kind === "up" && sameIncarnation(reading.presence.incarnation, target);
    const known = isPresent ? reading.tree?.members : incident.members;
    const deadline = facts.now.mono + step.graceSeconds;
    const acting = engine.store.transition(
      incident,
      {
        state: "terminating",
        deadline,
        incarnation: target,
        members: known ?? [target],
        signalled: false,
      },
      { at: facts.now, text: `${spec.stop.signal} to pid ${target.pid}: ${step.because}`, action: "terminate" },
    );
    const result = await engine.deps.manager(spec).terminate(spec, target);
    engine.deps.onActed?.(engine.deps.clock().mono - incident.openedAt.mono);
    if (result.kind === "failed") {
      engine.store.transition(
        engine.store.current(acting),
        { state: "escalated" },
        {
          at: engine.deps.clock(),
          text: `could not be stopped: ${result.message}`,
          action: "terminate",
          outcome: "failed",
        },
      );
      return;
    }
    engine.store.transition(engine.store.current(acting), { signalled: true });
    engine.wakeAt(deadline);
  },

  async kill(engine, incident, step, facts) {
    const { reading, now } = facts;
    if (reading === undefined) return;
    const { target } = step;
    const members: readonly Incarnation[] = [...(incident.members ?? []), ...facts.remains];
    const timedOut = incident.state === "terminating";
    const story = timedOut
      ? told(incident, {
          at: now,
          text: "its grace is over",
          ...outcomeOf(incident, "terminate", "timed_out", now.mono),
        })
      : incident.story;
    const acting = engine.store.transition(
      { ...incident, story },
      { state: "killing", deadline: step.deadline, incarnation: target, members, signalled: false },
      { at: now, text: `SIGKILL to its whole tree: ${step.because}`, action: "kill" },
    );
    await engine.deps.manager(reading.spec).kill(reading.spec, target, members);
    engine.store.transition(engine.store.current(acting), { signalled: true });
    engine.wakeAt(step.deadline);
  },

  hold(engine, incident, step, facts) {
    engine.store.transition(
      incident,
      { state: "holding" },
      {
        at: facts.now,
        text: step.because,
        ...(step.outcome === undefined
          ? {}
          : outcomeOf(incident, step.outcome.action, step.outcome.outcome, facts.now.mono)),
      },
    );
    engine.wakeAt(facts.now.mono);
  },

  async start(engine, incident, step, facts) {
    const { reading } = facts;
    if (reading === undefined) return;
    const { spec } = reading;
    const startId = engine.newId();
    const starting = engine.store.transition(
      incident,
      { state: "starting", startId },
      { at: facts.now, text: `starts: ${step.because}`, action: "start" },
    );
    engine.startedGroup(spec.group);
    // The half-open try: the next one is half an hour from now, should this one fail.
    const { quarantine } = facts.ledger;
    if (quarantine?.holds === "stopped")
      engine.store.commit([
        { type: "quarantine", worker: spec.name, reason: quarantine.reason, incident: incident.id, holds: "stopped" },
      ]);
    const result = await engine.deps.manager(spec).start(spec, startId);
    engine.startEnded(starting, spec, result);
  },

  async quarantine(engine, incident, step, facts) {
    const worker = targetName(incident.target);
    engine.store.commit([
      { type: "quarantine", worker, reason: incident.reason, incident: incident.id, holds: "stopped" },
    ]);
    engine.store.transition(incident, { state: "holding" }, { at: facts.now, text: step.because });
    const { reading } = facts;
    if (reading !== undefined) await engine.deps.manager(reading.spec).hold?.(reading.spec);
    engine.wakeAt(facts.now.mono);
  },

  renew(engine, incident, step, facts) {
    const running = facts.reading?.presence.kind === "up" ? facts.reading.presence.incarnation : undefined;
    const { ended, incident: next } = renewal(incident, step.intent, running, facts.now, engine.newId());
    engine.store.commit([
      { type: "incident", incident: ended },
      { type: "incident", incident: next },
    ]);
  },

  dismiss(engine, incident, step, facts) {
    const { doubt: _judged, ...rest } = incident;
    const entries: Entry[] = [{ type: "incident", incident: { ...rest, changedAt: facts.now } }];
    if (step.suppressed === "duplicate") engine.store.ledger.countSuppressed("duplicate");
    else entries.push({ type: "incident", incident: dismissed(incident, step.doubt, step, facts.now, engine.newId()) });
    engine.store.commit(entries);
  },

  verify(engine, incident, step, facts) {
    const { reading } = facts;
    if (reading?.presence.kind !== "up") return;
    // A start of ours whose end we did not live to see counts like any other, once.
    const unseen = incident.state === "starting";
    // systemd was quicker than our stop that follows the signal: its start stands for ours.
    const bySystemd = incident.state === "holding" && incident.ladder !== "start" && facts.owner !== undefined;
    const counted = engine.store.ledger.renewals.some(
      (renewal) => renewal.incident === incident.id && renewal.at.mono >= incident.changedAt.mono,
    );
    if ((unseen || bySystemd) && !counted)
      engine.store.commit([
        {
          type: "start",
          worker: reading.spec.name,
          incident: incident.id,
          reason: incident.reason,
          urgent: isUrgent(incident.reason),
        },
      ]);
    engine.store.transition(
      incident,
      { state: "verifying", deadline: step.deadline, replacement: reading.presence.incarnation },
      {
        at: facts.now,
        text: step.because,
        ...(unseen ? outcomeOf(incident, "start", "done", facts.now.mono) : {}),
      },
    );
    engine.wakeAt(step.deadline);
  },

  close(engine, incident, step, facts) {
    const worker = targetName(incident.target);
    const verified = incident.state === "verifying" && step.state === "resolved";
    if (verified && facts.ledger.quarantine?.holds === "stopped" && facts.reading?.presence.kind === "up")
      engine.store.commit([{ type: "clear", worker, by: "its half-open try" }]);
    engine.store.transition(
      incident,
      { state: step.state, ...(step.suppressed === undefined ? {} : { suppressed: step.suppressed }) },
      {
        at: facts.now,
        text: step.because,
        ...(step.outcome === undefined
          ? {}
          : outcomeOf(incident, step.outcome.action, step.outcome.outcome, facts.now.mono)),
      },
    );
  },
};

export async function execute(engine: Hands, incident: Incident, step: Step, facts: WorkerFacts): Promise<void> {
  const executor = EXECUTORS[step.kind] as Executor<Step["kind"]>;
  await executor(engine, incident, step as never, facts);
}

function meant(facts: WorkerFacts): Pick<Incident, "incarnation" | "members"> {
  const { reading } = facts;
  if (reading?.presence.kind !== "up") return {};
  return {
    incarnation: reading.presence.incarnation,
    members: reading.tree?.members ?? [reading.presence.incarnation],
  };
}
