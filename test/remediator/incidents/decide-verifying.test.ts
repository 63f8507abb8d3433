// A new process on probation: it proves well, or does not.
import { describe, expect, test } from "vitest";
import { decide } from "../../../remediator/incidents/decide.ts";
import type { WorkerFacts } from "../../../remediator/incidents/facts.ts";
import type { Incident, OpenState } from "../../../remediator/incidents/incident.ts";
import type { ExitReason } from "../../../remediator/incidents/reason.ts";
import {
  AMBIGUOUS,
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
const STOP = { ladder: "stop", source: "operator", reason: "operator", by: "ann" } as const;

function decided(state: OpenState, about: Partial<Incident>, seen: Partial<WorkerFacts>) {
  return decide(incident({ state, deadline: NOW.mono + 5, ...about }), facts(seen), POLICY);
}

describe("verifying", () => {
  const fresh = incarnation(200);
  const about = { replacement: fresh };
  const well = (memoryBytes = 50 * MIB) => ({
    reading: reading({ presence: up(200), tree: { memoryBytes } }),
    ledger: workerLedger({ incarnation: fresh }),
    condition: FALSE,
  });
  const ended = (reason: ExitReason, code: number) => ({
    reading: reading({ presence: DOWN }),
    ledger: endedLedger({
      incarnation: fresh,
      lastExit: { incarnation: fresh, code, reason, atWall: NOW.wall, at: NOW },
    }),
  });

  test("waits until the new process has lived long enough", () => {
    expect(decided("verifying", about, well())).toMatchObject({ kind: "wait" });
  });

  test("ends well at no more than four fifths of the memory limit", () => {
    expect(decided("verifying", { ...about, deadline: NOW.mono }, well(80 * MIB))).toMatchObject({
      state: "resolved",
    });
    expect(decided("verifying", { ...about, deadline: NOW.mono }, well(81 * MIB))).toMatchObject({
      state: "escalated",
      because: "the new process already holds 81 % of its memory limit",
      outcome: { action: "start", outcome: "ineffective" },
    });
  });

  test("a rule that holds for the new process as it did for the old one asks for another renewal at once", () => {
    expect(decided("verifying", about, { ...well(), condition: TRUE })).toMatchObject({ kind: "renew" });
    const victim = { ...about, reason: "system_memory" as const };
    expect(decided("verifying", victim, { ...well(), condition: TRUE })).toMatchObject({ kind: "wait" });
    const planned = { ...about, ladder: "recycle" as const, reason: "age" as const };
    expect(decided("verifying", planned, { ...well(), condition: TRUE })).toMatchObject({ kind: "wait" });
  });

  test("fails when the new process ends badly", () => {
    expect(decided("verifying", about, ended("error", 1))).toMatchObject({
      state: "escalated",
      outcome: { action: "start", outcome: "ineffective" },
    });
  });

  test.each<[ExitReason, number]>([
    ["clean", 0],
    ["requested", 42],
  ])("does not fail when the new process ends by itself and well (%s, %i)", (reason, code) => {
    const decision = decided("verifying", about, ended(reason, code));
    expect(decision).toMatchObject({ kind: "close", state: "resolved" });
    expect(decision).not.toHaveProperty("outcome");
  });

  test("waits a moment for the record of how the new process ended", () => {
    const seen = { reading: reading({ presence: DOWN }), ledger: workerLedger({ incarnation: fresh }) };
    expect(decided("verifying", about, seen)).toMatchObject({ kind: "wait", until: NOW.mono + 0.05 });
  });

  test("waits while it cannot be told which process is the worker", () => {
    const ledger = workerLedger({ incarnation: fresh });
    for (const presence of [UNREADABLE, AMBIGUOUS])
      expect(decided("verifying", about, { reading: reading({ presence }), ledger })).toMatchObject({ kind: "wait" });
  });

  test("ends when yet another process runs", () => {
    expect(decided("verifying", about, { reading: reading({ presence: up(300) }) })).toMatchObject({
      state: "superseded",
    });
  });

  test("of a worker that an operator stopped while it was being started becomes its termination", () => {
    const seen = well();
    const ledger = { ...seen.ledger, desired: "down" as const, desiredReason: "operator" as const };
    expect(decided("verifying", { ...about, ...STOP }, { ...seen, ledger })).toMatchObject({
      kind: "terminate",
      target: fresh,
    });
  });

  test("a worker that is meant to be down and is down is not a failure", () => {
    const seen = ended("error", 1);
    const ledger = { ...seen.ledger, desired: "down" as const, desiredReason: "operator" as const };
    expect(decided("verifying", about, { ...seen, ledger })).toMatchObject({ kind: "close", state: "cancelled" });
  });

  test("a relief record of the new process changes nothing", () => {
    const seen = well();
    expect(decided("verifying", about, { ...seen, reading: { ...seen.reading, brake: brake() } })).toMatchObject({
      kind: "wait",
    });
  });
});
