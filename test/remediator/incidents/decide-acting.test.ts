// An incident that is acting: relieving, draining, terminating, killing.
import { describe, expect, test } from "vitest";
import { decide } from "../../../remediator/incidents/decide.ts";
import type { WorkerFacts } from "../../../remediator/incidents/facts.ts";
import type { Incident, OpenState } from "../../../remediator/incidents/incident.ts";
import {
  at,
  brake,
  DOWN,
  endedLedger,
  facts,
  incarnation,
  incident,
  MIB,
  NOW,
  POLICY,
  reading,
  UNREADABLE,
  up,
  workerLedger,
} from "./builders.ts";

const TRUE = { kind: "true", value: 120 * MIB, limit: 100 * MIB } as const;
const FALSE = { kind: "false", value: 50 * MIB, limit: 100 * MIB } as const;
const NOT_NEEDED = { kind: "not_needed" } as const;
const STOP = { ladder: "stop", source: "operator", reason: "operator", by: "ann" } as const;
const STILL_THERE = { remains: [incarnation()] };
const GONE = { reading: reading({ presence: DOWN }), ledger: endedLedger(), remains: [] };
const GONE_AND_STOPPED = { ...GONE, ledger: endedLedger({ desired: "down", desiredReason: "operator" }) };

function decided(state: OpenState, about: Partial<Incident>, seen: Partial<WorkerFacts>) {
  return decide(incident({ state, deadline: NOW.mono + 5, ...about }), facts(seen), POLICY);
}

describe("relieving", () => {
  const relieve = { ladder: "relieve", reason: "memory_relief" } as const;

  test("ends well when memory fell", () => {
    expect(decided("relieving", relieve, { condition: FALSE })).toMatchObject({
      state: "resolved",
      outcome: { action: "relieve", outcome: "done" },
    });
  });

  test("waits while it may still help, and never climbs to a restart", () => {
    expect(decided("relieving", relieve, {})).toEqual({ kind: "wait", until: NOW.mono + 5 });
    expect(decided("relieving", { ...relieve, deadline: NOW.mono }, {})).toMatchObject({
      kind: "close",
      state: "escalated",
      because: "the worker did not come to a check of its brake",
      outcome: { action: "relieve", outcome: "ineffective" },
    });
  });

  test("ends as soon as the worker has answered and still holds too much", () => {
    const asked = incident(relieve).id;
    const answered = (request: string) => ({
      condition: TRUE,
      reading: reading({ brake: brake({ lastRelief: { atSeconds: 1, request, freedBytes: 1 } }) }),
    });
    expect(decided("relieving", relieve, answered(asked))).toMatchObject({
      state: "escalated",
      because: "relief freed too little",
      outcome: { action: "relieve", outcome: "ineffective" },
    });
    expect(decided("relieving", relieve, answered("another"))).toMatchObject({ kind: "wait" });
    expect(decided("relieving", relieve, { ...answered(asked), condition: FALSE })).toMatchObject({
      state: "resolved",
    });
  });

  test("ends with the process that was asked", () => {
    expect(decided("relieving", relieve, { reading: reading({ presence: up(200) }) })).toMatchObject({
      state: "superseded",
    });
  });

  test("does not keep a worker over its memory limit waiting", () => {
    expect(decided("relieving", {}, { condition: TRUE })).toMatchObject({ kind: "terminate" });
  });

  test("does not keep an operator's stop waiting", () => {
    const seen = { condition: NOT_NEEDED, ledger: workerLedger({ desired: "down", desiredReason: "operator" }) };
    expect(decided("relieving", STOP, seen)).toMatchObject({ kind: "terminate" });
  });
});

describe("draining", () => {
  const recycle = { ladder: "recycle", reason: "age", incarnation: incarnation() } as const;

  test("waits for the worker until the deadline, then terminates it", () => {
    expect(decided("draining", recycle, STILL_THERE)).toEqual({ kind: "wait", until: NOW.mono + 5 });
    expect(decided("draining", { ...recycle, deadline: NOW.mono }, STILL_THERE)).toMatchObject({
      kind: "terminate",
      target: incarnation(),
    });
  });

  test("terminates after the deadline only when a slot is free", () => {
    const seen = { ...STILL_THERE, slotFree: false };
    expect(decided("draining", { ...recycle, deadline: NOW.mono }, seen)).toMatchObject({ blocked: "slot_busy" });
  });

  test("is done when the whole tree is gone; how it ended has to be known first", () => {
    expect(decided("draining", recycle, GONE)).toMatchObject({
      kind: "hold",
      outcome: { action: "drain", outcome: "done" },
    });
    const pending = { ...GONE, ledger: workerLedger({ ended: false }) };
    expect(decided("draining", recycle, pending)).toMatchObject({ kind: "wait", until: NOW.mono + 0.05 });
  });

  test("of a worker that an operator stopped meanwhile ends there", () => {
    expect(decided("draining", STOP, GONE_AND_STOPPED)).toMatchObject({ kind: "close", state: "resolved" });
  });

  test("is cut short by a memory limit that our own reading shows", () => {
    expect(decided("draining", {}, { ...STILL_THERE, condition: TRUE })).toMatchObject({ kind: "terminate" });
    const busy = { ...STILL_THERE, condition: TRUE, slotFree: false };
    expect(decided("draining", {}, busy)).toMatchObject({ kind: "wait", blocked: "slot_busy" });
    expect(decided("draining", STOP, { ...STILL_THERE, condition: NOT_NEEDED })).toMatchObject({ kind: "terminate" });
  });

  test("is not cut short by an alert that our own reading does not show", () => {
    expect(decided("draining", {}, { ...STILL_THERE, condition: FALSE })).toEqual({
      kind: "wait",
      until: NOW.mono + 5,
    });
  });

  test("that leaves processes behind is finished on the process that was asked, never on its successor", () => {
    const seen = { reading: reading({ presence: up(200) }), remains: [incarnation(101)] };
    expect(decided("draining", { ...recycle, deadline: NOW.mono }, seen)).toMatchObject({
      kind: "terminate",
      target: incarnation(),
    });
  });
});

describe("terminating", () => {
  const signalled = { signalled: true };

  test("waits for the grace, then kills", () => {
    expect(decided("terminating", signalled, STILL_THERE)).toEqual({ kind: "wait", until: NOW.mono + 5 });
    expect(decided("terminating", { ...signalled, deadline: NOW.mono }, STILL_THERE)).toMatchObject({
      kind: "kill",
      deadline: NOW.mono + POLICY.killSeconds,
    });
  });

  test("is not done before it is known how it ended, even if the reading is from just before the end", () => {
    const wait = { kind: "wait", until: NOW.mono + 0.05 };
    expect(decided("terminating", signalled, { ...GONE, ledger: workerLedger() })).toEqual(wait);
    // Also if somebody else's look has seen its end meanwhile.
    expect(decided("terminating", signalled, { reading: reading(), ledger: endedLedger(), remains: [] })).toEqual(wait);
    expect(decided("terminating", signalled, { reading: reading(), ledger: workerLedger(), remains: [] })).toEqual(
      wait,
    );
  });

  test("of a process that is shown to run, and of which nothing is found, is a failure when it goes on beyond its grace", () => {
    const seen = { reading: reading(), ledger: endedLedger(), remains: [] };
    const over = { ...signalled, deadline: NOW.mono };
    expect(decided("terminating", over, seen)).toEqual({ kind: "wait", until: NOW.mono + 0.05 });
    expect(decided("terminating", { ...over, deadline: NOW.mono - POLICY.killSeconds }, seen)).toMatchObject({
      kind: "close",
      state: "escalated",
      outcome: { action: "terminate", outcome: "failed" },
    });
  });

  test("is done when the whole tree is gone: a worker that should run is started again, one that should not is not", () => {
    const outcome = { action: "terminate", outcome: "done" };
    expect(decided("terminating", signalled, GONE)).toMatchObject({ kind: "hold", outcome });
    expect(decided("terminating", signalled, GONE_AND_STOPPED)).toMatchObject({
      kind: "close",
      state: "resolved",
      outcome,
    });
  });

  test("waits a moment for the record of how it ended", () => {
    const pending = { ...GONE, ledger: workerLedger({ ended: false }) };
    expect(decided("terminating", signalled, pending)).toMatchObject({ kind: "wait", until: NOW.mono + 0.05 });
  });

  test("does not wait for the record of a worker that cannot be read", () => {
    const seen = { reading: reading({ presence: UNREADABLE }), ledger: workerLedger({ ended: false }), remains: [] };
    expect(decided("terminating", signalled, seen)).toMatchObject({ kind: "hold" });
  });

  test("is taken up again when pitcrew died before it knew that the signal was sent", () => {
    const seen = { ...STILL_THERE, reading: reading({ presence: up(200) }) };
    expect(decided("terminating", {}, seen)).toMatchObject({ kind: "terminate", target: incarnation() });
  });

  test("is cut short when the machine falls below its critical floor meanwhile", () => {
    const long = { ...signalled, deadline: NOW.mono + 25 };
    const critical = { ...STILL_THERE, critical: true };
    expect(decided("terminating", { ...long, changedAt: at(-1) }, critical)).toEqual({
      kind: "wait",
      until: NOW.mono + 1,
    });
    expect(decided("terminating", { ...long, changedAt: at(-2) }, critical)).toMatchObject({ kind: "kill" });
  });
});

describe("killing", () => {
  test("waits for the tree to be gone, then starts anew", () => {
    expect(decided("killing", { signalled: true }, STILL_THERE)).toMatchObject({ kind: "wait" });
    expect(decided("killing", { signalled: true }, GONE)).toMatchObject({
      kind: "hold",
      outcome: { action: "kill", outcome: "done" },
    });
  });

  test("that leaves survivors is escalated: no second copy is started", () => {
    const about = { signalled: true, deadline: NOW.mono };
    expect(decided("killing", about, { remains: [incarnation(101), incarnation(102)] })).toEqual({
      kind: "close",
      state: "escalated",
      because: "2 of its processes survived SIGKILL (first: pid 101); no second copy is started",
      outcome: { action: "kill", outcome: "failed" },
    });
  });

  test("is taken up again when pitcrew died before it knew that SIGKILL was sent", () => {
    expect(decided("killing", { signalled: false, deadline: NOW.mono }, STILL_THERE)).toMatchObject({ kind: "kill" });
  });
});
