// Whether a worker that is down may start now: here, and only here, things are rationed.
import { describe, expect, test } from "vitest";
import { decide } from "../../../remediator/incidents/decide.ts";
import type { Rations, WorkerFacts } from "../../../remediator/incidents/facts.ts";
import type { Incident } from "../../../remediator/incidents/incident.ts";
import type { SuppressReason } from "../../../remediator/incidents/reason.ts";
import {
  AMBIGUOUS,
  at,
  command,
  DOWN,
  downFacts,
  endedLedger,
  incident,
  NOW,
  OBSERVED,
  POLICY,
  reading,
  startIncident,
  UNRATIONED,
  UNREADABLE,
  up,
} from "./builders.ts";

const HOLDING = incident({ state: "holding" });
const DOWN_ALERT = startIncident({ source: "guard", reason: "down", alertname: "PitcrewWorkerDown" });
const BY_OPERATOR = startIncident({ source: "operator", reason: "operator", by: "ann" });
const NOT_NEEDED = { condition: { kind: "not_needed" } } as const;

function step(about: Incident, seen: Partial<WorkerFacts> = {}) {
  return decide(about, downFacts(seen), POLICY);
}

function rationed(wanted: Partial<Rations>): { rations: Rations } {
  return { rations: { ...UNRATIONED, ...wanted } };
}

describe("a start", () => {
  test.each<[string, Incident]>([
    ["supervision", startIncident()],
    ["an alert that says that it is down", DOWN_ALERT],
    ["a renewal whose old tree is gone", HOLDING],
    ["an operator", BY_OPERATOR],
  ])("is made for %s", (_title, about) => {
    expect(step(about)).toMatchObject({ kind: "start" });
  });

  const held: [string, Incident, Partial<WorkerFacts>, SuppressReason, number][] = [
    ["automation is paused", startIncident(), { paused: true }, "paused", 10],
    ["dry run", DOWN_ALERT, { dryRun: true }, "dry_run", 10],
    ["pitcrew has just started and only an alert says so", DOWN_ALERT, { daemonAgeSeconds: 10 }, "startup_grace", 20],
    ["it is held stopped in quarantine", HOLDING, { ledger: quarantined() }, "quarantined", 1740],
    ["it was renewed lately", HOLDING, rationed({ cooldownUntil: NOW.mono + 25 }), "cooldown", 25],
    ["its budget is spent", HOLDING, rationed({ workerBudgetFreeAt: NOW.mono + 99 }), "budget", 99],
    ["the host's budget is spent", startIncident(), rationed({ hostBudgetFreeAt: NOW.mono + 99 }), "budget", 99],
    ["another termination or start is under way", startIncident(), { slotFree: false }, "slot_busy", 10],
  ];
  test.each(held)("waits while %s", (_title, about, seen, blocked, seconds) => {
    expect(step(about, seen)).toMatchObject({ kind: "wait", blocked, until: NOW.mono + seconds });
  });

  test.each<[string, Partial<Rations>]>([
    ["back-off", { backoffUntil: NOW.mono + 3 }],
    ["the start_interval of its group", { groupStartFreeAt: NOW.mono + 3 }],
  ])("waits for %s", (_title, rations) => {
    const decided = step(startIncident(), rationed(rations));
    expect(decided).toMatchObject({ kind: "wait", until: NOW.mono + 3 });
    expect(decided).not.toHaveProperty("blocked");
  });

  test("says whose budget is spent, and for how long", () => {
    expect(step(HOLDING, rationed({ workerBudgetFreeAt: NOW.mono + 99 }))).toMatchObject({
      because: "its budget is spent for 99s",
    });
    expect(step(HOLDING, rationed({ hostBudgetFreeAt: NOW.mono + 99 }))).toMatchObject({
      because: "the host's budget is spent for 99s",
    });
  });

  test("a dry run does not leave stopped what is stopped already", () => {
    expect(step(HOLDING, { dryRun: true })).toMatchObject({ kind: "start" });
  });

  test("a planned one does not need the urgent budgets", () => {
    const planned = incident({ state: "holding", ladder: "recycle", reason: "age" });
    expect(step(planned, rationed({ workerBudgetFreeAt: NOW.mono + 99 }))).toMatchObject({ kind: "start" });
  });

  test("after a crash is not held by the cooldown of an earlier renewal, at no attempt", () => {
    const cooling = rationed({ cooldownUntil: NOW.mono + 25 });
    expect(step(startIncident(), cooling)).toMatchObject({ kind: "start" });
    const second = startIncident({ state: "holding", startAttempts: 1, startFailedAt: NOW.mono - 5 });
    expect(step(second, cooling)).toMatchObject({ kind: "start" });
  });
});

describe("an operator's start", () => {
  test.each<[string, Partial<WorkerFacts>]>([
    ["a pause", { paused: true }],
    ["dry run", { dryRun: true }],
    ["quarantine", { ledger: quarantined() }],
    ["spent budgets", rationed({ workerBudgetFreeAt: NOW.mono + 99, hostBudgetFreeAt: NOW.mono + 99 })],
    ["cooldown", rationed({ cooldownUntil: NOW.mono + 25 })],
    ["the back-off after crashes", rationed({ backoffUntil: NOW.mono + 200 })],
  ])("is not held back by %s", (_title, seen) => {
    expect(step(BY_OPERATOR, seen)).toMatchObject({ kind: "start" });
  });

  test("that failed backs off like any other", () => {
    const failed = { ...BY_OPERATOR, state: "holding" as const, startAttempts: 2, startFailedAt: NOW.mono - 1 };
    expect(step(failed, rationed({ backoffUntil: NOW.mono + 1 }))).toMatchObject({ kind: "wait", until: NOW.mono + 1 });
  });

  test("that is forced by its renewal's owner skips cooldown and budget", () => {
    const forced = { ...HOLDING, force: true };
    const spent = rationed({ cooldownUntil: NOW.mono + 25, workerBudgetFreeAt: NOW.mono + 99 });
    expect(step(forced, spent)).toMatchObject({ kind: "start" });
  });
});

describe("a start that is not needed, or not ours to make", () => {
  test.each<[string, Incident, Partial<WorkerFacts>, object]>([
    [
      "an alert says that a running worker is down",
      DOWN_ALERT,
      { reading: reading() },
      { state: "cancelled", suppressed: "not_reproduced" },
    ],
    ["supervision wanted it, and it runs", startIncident(), { reading: reading() }, { state: "resolved" }],
    [
      "the alert's rule does not hold",
      DOWN_ALERT,
      { condition: { kind: "false" } },
      { state: "cancelled", suppressed: "not_reproduced" },
    ],
    [
      "the alert's rule could not be evaluated for ten minutes",
      startIncident({ source: "guard", openedAt: at(-600) }),
      { condition: { kind: "unevaluable", why: "not loaded" } },
      { state: "expired" },
    ],
    [
      "an operator has stopped it",
      startIncident(),
      { ledger: endedLedger({ desired: "down", desiredReason: "operator" }) },
      { state: "cancelled", suppressed: "operator_stopped" },
    ],
    [
      "an operator has stopped it while it was held",
      { ...HOLDING, ladder: "stop" },
      { ledger: endedLedger({ desired: "down", desiredReason: "operator" }) },
      { state: "resolved" },
    ],
    [
      "it has finished",
      startIncident(),
      { ledger: endedLedger({ desired: "down", desiredReason: "finished" }) },
      { state: "cancelled", because: "the worker has finished" },
    ],
    [
      "it is only observed",
      DOWN_ALERT,
      { reading: reading({ presence: DOWN, spec: { manager: OBSERVED } }) },
      { state: "cancelled", suppressed: "observed_only" },
    ],
    [
      "two processes claim to be it",
      startIncident(),
      { reading: reading({ presence: AMBIGUOUS }) },
      { state: "cancelled", suppressed: "ambiguous" },
    ],
    [
      "it is not configured any more",
      HOLDING,
      { reading: undefined },
      { state: "cancelled", suppressed: "unknown_worker" },
    ],
  ])("%s", (_title, about, seen, closed) => {
    expect(step(about, seen)).toMatchObject({ kind: "close", ...closed });
  });

  test("waits while it cannot be read whether it runs", () => {
    expect(step(startIncident(), { reading: reading({ presence: UNREADABLE }) })).toMatchObject({ kind: "wait" });
  });

  test("an alert whose rule cannot be evaluated waits", () => {
    const seen = { condition: { kind: "unevaluable", why: "not loaded" } } as const;
    expect(step(DOWN_ALERT, seen)).toMatchObject({ kind: "wait" });
  });

  test("a renewal that somebody else has finished is verified all the same", () => {
    expect(step(HOLDING, { reading: reading({ presence: up(200) }) })).toMatchObject({
      kind: "verify",
      because: "somebody else started it (pid 200)",
    });
  });

  test("a worker of somebody else's command that was not up in this boot is not started", () => {
    const seen = { reading: reading({ presence: DOWN, spec: { manager: command() } }), seenInThisBoot: false };
    expect(step(DOWN_ALERT, seen)).toMatchObject({ kind: "wait", blocked: "startup_grace" });
    expect(step(DOWN_ALERT, { ...seen, seenInThisBoot: true })).toMatchObject({ kind: "start" });
    expect(step(BY_OPERATOR, { ...seen, ...NOT_NEEDED })).toMatchObject({ kind: "start" });
    const atBoot = reading({ presence: DOWN, spec: { manager: command(true) } });
    expect(step(DOWN_ALERT, { ...seen, reading: atBoot })).toMatchObject({ kind: "start" });
  });
});

function quarantined() {
  return endedLedger({ quarantine: { since: at(-60), reason: "memory_limit", holds: "stopped" } });
}
