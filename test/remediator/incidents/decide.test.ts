// An open incident on a running worker: whether anything is done to it, and how it begins.
import { describe, expect, test } from "vitest";
import { decide } from "../../../remediator/incidents/decide.ts";
import type { WorkerFacts } from "../../../remediator/incidents/facts.ts";
import type { Incident } from "../../../remediator/incidents/incident.ts";
import { END_STATES } from "../../../remediator/incidents/incident.ts";
import type { SuppressReason } from "../../../remediator/incidents/reason.ts";
import { incarnationKey } from "../../../worker/incarnation.ts";
import {
  AMBIGUOUS,
  at,
  brake,
  DOWN,
  facts,
  incarnation,
  incident,
  MIB,
  NOW,
  OBSERVED,
  POLICY,
  reading,
  UNRATIONED,
  UNREADABLE,
  up,
  workerLedger,
} from "./builders.ts";

const FALSE = { kind: "false", value: 50 * MIB, limit: 100 * MIB } as const;
const NOT_NEEDED = { kind: "not_needed" } as const;
const ACTED_ON = workerLedger({ actedOn: incarnationKey(incarnation()) });

const RECYCLE = { ladder: "recycle", reason: "age", alertname: "PitcrewWorkerTooOld" } as const;
const RELIEVE = { ladder: "relieve", reason: "memory_relief", alertname: "PitcrewWorkerMemoryOverRelief" } as const;
const BY_OPERATOR = { source: "operator", reason: "operator", by: "ann" } as const;
const STOP = { ...BY_OPERATOR, ladder: "stop" } as const;
const STOPPED = workerLedger({ desired: "down", desiredReason: "operator" });

function step(about: Partial<Incident>, seen: Partial<WorkerFacts>) {
  return decide(incident(about), facts(seen), POLICY);
}

describe("an incident that does nothing ends at once, with the reason", () => {
  const refused: [string, Partial<Incident>, Partial<WorkerFacts>, SuppressReason][] = [
    ["the rule does not hold on our own reading", {}, { condition: FALSE }, "not_reproduced"],
    ["another process runs than was meant", {}, { reading: reading({ presence: up(200) }) }, "stale_incarnation"],
    ["this very process has been acted on before", {}, { ledger: ACTED_ON }, "duplicate"],
    ["an operator has stopped the worker", {}, { ledger: STOPPED }, "operator_stopped"],
    ["the worker is only observed", {}, { reading: reading({ spec: { manager: OBSERVED } }) }, "observed_only"],
    ["two processes claim to be the worker", {}, { reading: reading({ presence: AMBIGUOUS }) }, "ambiguous"],
    ["the worker is not configured any more", {}, { reading: undefined }, "unknown_worker"],
  ];
  test.each(refused)("%s", (_title, about, seen, suppressed) => {
    const decided = step(about, seen);
    expect(decided).toMatchObject({ kind: "close", suppressed });
    expect(decided).toHaveProperty("because");
  });

  test("the story says with which numbers a rule was not reproduced", () => {
    expect(step({}, { condition: FALSE })).toMatchObject({
      because: "our own reading does not show it (50.0 MiB against 100 MiB)",
    });
  });

  test("what was held back and then passed is not called not_reproduced", () => {
    const decided = step({ blocked: "slot_busy" }, { condition: FALSE });
    expect(decided).toMatchObject({ kind: "close", state: "cancelled" });
    expect(decided).not.toHaveProperty("suppressed");
  });

  test("a worker that ended by itself first has nothing left to be renewed", () => {
    expect(step({}, { reading: reading({ presence: DOWN }) })).toMatchObject({ kind: "close", state: "superseded" });
  });

  test.each(END_STATES)("an incident that has ended as %s asks for nothing more", (state) => {
    expect(step({ state }, {})).toEqual({ kind: "wait", until: Number.POSITIVE_INFINITY });
  });
});

describe("an incident that may not act yet waits, with the reason", () => {
  const blocked: [string, Partial<Incident>, Partial<WorkerFacts>, SuppressReason, number][] = [
    ["automation is paused", {}, { paused: true }, "paused", 10],
    ["dry run", {}, { dryRun: true }, "dry_run", 10],
    ["another termination or start is under way", {}, { slotFree: false }, "slot_busy", 10],
    ["age, and pitcrew has just started", RECYCLE, { daemonAgeSeconds: 10 }, "startup_grace", 20],
    ["a planned renewal within its cooldown", RECYCLE, { rations: cooling(25) }, "cooldown", 25],
    ["too few others of the group are up", RECYCLE, { healthyPeers: 1, minHealthy: 2 }, "min_healthy", 10],
    ["a planned renewal in quarantine", RECYCLE, { ledger: quarantined("running") }, "quarantined", 10],
  ];
  test.each(blocked)("%s", (_title, about, seen, reason, seconds) => {
    expect(step(about, seen)).toMatchObject({ kind: "wait", blocked: reason, until: NOW.mono + seconds });
  });

  test.each([
    ["the worker cannot be read", { reading: reading({ presence: UNREADABLE }) }],
    ["the rule cannot be evaluated", { condition: { kind: "unevaluable", why: "no memory" } as const }],
  ])("%s", (_title, seen) => {
    expect(step({}, seen)).toMatchObject({ kind: "wait", until: NOW.mono + POLICY.lookAgainSeconds });
  });

  test.each<[string, Partial<WorkerFacts>]>([
    ["a slot", { slotFree: false }],
    ["the end of a pause", { paused: true }],
    ["a readable worker", { reading: reading({ presence: UNREADABLE }) }],
    ["an evaluable rule", { condition: { kind: "unevaluable", why: "no memory" } }],
  ])("an intent that waited ten minutes for %s is dropped; if it is still true, it comes again", (_title, seen) => {
    expect(step({ openedAt: at(-600) }, seen)).toMatchObject({ kind: "close", state: "expired" });
    expect(step({ openedAt: at(-599) }, seen)).toMatchObject({ kind: "wait" });
  });
});

describe("stops are never rationed", () => {
  const spent = {
    ...UNRATIONED,
    ...cooling(500),
    workerBudgetFreeAt: NOW.mono + 900,
    hostBudgetFreeAt: NOW.mono + 900,
  };
  const urgent: [string, Partial<WorkerFacts>][] = [
    ["cooldown and both budgets hold its next start", { rations: spent }],
    ["pitcrew has just started", { daemonAgeSeconds: 0 }],
    ["its group would be left with too few", { healthyPeers: 0, minHealthy: 2 }],
    ["it is in quarantine", { ledger: quarantined("running") }],
  ];
  test.each(urgent)("a worker over its memory limit is stopped at once although %s", (_title, seen) => {
    expect(step({}, seen)).toEqual({
      kind: "terminate",
      target: incarnation(),
      graceSeconds: 30,
      because: "memory_limit (120 MiB against 100 MiB)",
    });
  });

  test("below the critical floor the grace is cut short, and a shorter one is left alone", () => {
    expect(step({}, { critical: true })).toMatchObject({ kind: "terminate", graceSeconds: 2 });
    expect(step({}, { critical: true, reading: reading({ spec: { stop: { graceSeconds: 1 } } }) })).toMatchObject({
      graceSeconds: 1,
    });
  });
});

describe("a planned renewal", () => {
  test("asks the worker to drain if its record lists the handle", () => {
    expect(step(RECYCLE, { reading: reading({ brake: brake() }) })).toMatchObject({
      kind: "drain",
      deadline: NOW.mono + 300,
    });
  });

  const notAsked: [string, Partial<WorkerFacts>][] = [
    ["there is no record", {}],
    ["its record does not list the handle", { reading: reading({ brake: brake({ handles: ["relief"] }) }) }],
    ["the record is a former process's", { reading: reading({ brake: brake({ incarnation: incarnation(7) }) }) }],
    ["its drain time is zero", { reading: reading({ brake: brake(), spec: { stop: { drainSeconds: 0 } } }) }],
  ];
  test.each(notAsked)("is terminated gently without a drain if %s", (_title, seen) => {
    expect(step(RECYCLE, seen)).toMatchObject({ kind: "terminate", graceSeconds: 30 });
  });

  test("a member of the tree may have written the record for a launcher above it", () => {
    const inner = incarnation(101);
    const seen = { brake: brake({ incarnation: inner }), tree: { members: [incarnation(), inner] } };
    expect(step(RECYCLE, { reading: reading(seen) })).toMatchObject({ kind: "drain" });
  });
});

describe("relief", () => {
  test("is asked for if the present process's record lists the handle", () => {
    expect(step(RELIEVE, { reading: reading({ brake: brake() }) })).toMatchObject({ kind: "relieve" });
    const slow = reading({ brake: brake(), spec: { stop: { drainSeconds: 600 } } });
    expect(step(RELIEVE, { reading: slow })).toMatchObject({ deadline: NOW.mono + 600 });
  });

  test("without the handle ends without a restart", () => {
    expect(step(RELIEVE, {})).toMatchObject({ kind: "close", state: "cancelled" });
  });
});

describe("an operator", () => {
  test.each<[string, Partial<WorkerFacts>]>([
    ["a pause", { paused: true }],
    ["dry run", { dryRun: true }],
    ["the startup grace", { daemonAgeSeconds: 0 }],
    ["quarantine", { ledger: quarantined("running") }],
  ])("is not held back by %s", (_title, seen) => {
    const asked = { ...RECYCLE, ...BY_OPERATOR };
    expect(step(asked, { condition: NOT_NEEDED, ...seen })).toMatchObject({ kind: "terminate" });
  });

  test("waits for the cooldown of a recycle, unless forced", () => {
    const asked = { ...RECYCLE, ...BY_OPERATOR };
    const seen = { condition: NOT_NEEDED, rations: cooling(25) };
    expect(step(asked, seen)).toMatchObject({ kind: "wait", blocked: "cooldown" });
    expect(step({ ...asked, force: true }, seen)).toMatchObject({ kind: "terminate" });
  });

  test("who stops a worker stops whichever process it is now, and also one that was acted on before", () => {
    const seen = { condition: NOT_NEEDED, ledger: { ...ACTED_ON, desired: "down" as const } };
    expect(step(STOP, seen)).toMatchObject({ kind: "terminate", target: incarnation() });
    const renewed = { ...seen, reading: reading({ presence: up(200) }) };
    expect(step(STOP, renewed)).toMatchObject({ kind: "terminate", target: incarnation(200) });
  });

  test("who stops a worker that is down has what was wanted", () => {
    const seen = { condition: NOT_NEEDED, ledger: STOPPED, reading: reading({ presence: DOWN }) };
    expect(step(STOP, seen)).toMatchObject({ kind: "close", state: "resolved" });
  });

  test("who stops a worker whose first process is gone ends what is left of its tree", () => {
    const seen = {
      condition: NOT_NEEDED,
      ledger: { ...STOPPED, ended: true },
      reading: reading({ presence: DOWN }),
      remains: [incarnation(101)],
    };
    expect(step(STOP, seen)).toMatchObject({ kind: "kill" });
  });

  test("who starts a worker again before its stop began leaves it running", () => {
    expect(step(STOP, { condition: NOT_NEEDED, ledger: workerLedger({ desired: "up" }) })).toMatchObject({
      kind: "close",
      state: "cancelled",
    });
  });
});

function cooling(seconds: number) {
  return { ...UNRATIONED, cooldownUntil: NOW.mono + seconds };
}

function quarantined(holds: "stopped" | "running") {
  return workerLedger({ quarantine: { since: at(-60), reason: "age", holds } });
}
