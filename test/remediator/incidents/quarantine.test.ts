import { describe, expect, test } from "vitest";
import { decide } from "../../../remediator/incidents/decide.ts";
import type { WorkerFacts } from "../../../remediator/incidents/facts.ts";
import { at, downFacts, endedLedger, facts, incident, NOW, POLICY, startIncident, UNRATIONED } from "./builders.ts";

const CRASHED = startIncident({ reason: "crash" });
const NEEDS_NOTHING = { condition: { kind: "not_needed" } } as const;

function step(about: typeof CRASHED, seen: Partial<WorkerFacts>) {
  return decide(about, downFacts({ ...NEEDS_NOTHING, ...seen }), POLICY);
}

function quarantined(secondsAgo: number, youngDeaths = 4) {
  const since = at(-secondsAgo);
  return endedLedger({ youngDeaths, quarantine: { since, reason: "crash", holds: "stopped" } });
}

describe("a worker that dies young again and again", () => {
  test("is quarantined after six young deaths, and after four when its budget is spent, too", () => {
    expect(step(CRASHED, { ledger: endedLedger({ youngDeaths: 5 }) })).toMatchObject({ kind: "start" });
    expect(step(CRASHED, { ledger: endedLedger({ youngDeaths: 6 }) })).toMatchObject({ kind: "quarantine" });
    const spent = { rations: { ...UNRATIONED, workerBudgetFreeAt: NOW.mono + 9 } };
    expect(step(CRASHED, { ...spent, ledger: endedLedger({ youngDeaths: 3 }) })).toMatchObject({ blocked: "budget" });
    expect(step(CRASHED, { ...spent, ledger: endedLedger({ youngDeaths: 4 }) })).toMatchObject({ kind: "quarantine" });
  });

  test("so is one that renewals do not help", () => {
    expect(step(CRASHED, { ledger: endedLedger({ ineffectiveRenewals: 5 }) })).toMatchObject({ kind: "start" });
    const useless = step(CRASHED, { ledger: endedLedger({ ineffectiveRenewals: 6 }) });
    expect(useless).toMatchObject({ kind: "quarantine" });
    expect(useless).toHaveProperty("because", expect.stringContaining("renewing it did not help 6 times in a row"));
  });

  test("is held stopped for half an hour, then tried once whatever the rations say", () => {
    expect(step(CRASHED, { ledger: quarantined(1799) })).toMatchObject({
      kind: "wait",
      blocked: "quarantined",
      until: NOW.mono + 1,
    });
    const spent = { ...UNRATIONED, workerBudgetFreeAt: NOW.mono + 999, backoffUntil: NOW.mono + 999 };
    expect(step(CRASHED, { ledger: quarantined(1800), rations: spent })).toMatchObject({ kind: "start" });
  });

  test("is not tried while no slot is free", () => {
    expect(step(CRASHED, { ledger: quarantined(1800), slotFree: false })).toMatchObject({ blocked: "slot_busy" });
  });

  test("is started by an operator at any time", () => {
    const byOperator = startIncident({ source: "operator", reason: "operator", by: "ann" });
    expect(step(byOperator, { ledger: endedLedger({ youngDeaths: 9 }) })).toMatchObject({ kind: "start" });
  });
});

describe("a storm of urgent renewals", () => {
  test("holds planned renewals back, and never an urgent one", () => {
    const recycle = incident({ ladder: "recycle", reason: "age" });
    expect(decide(recycle, facts({ storm: true }), POLICY)).toMatchObject({ kind: "wait", blocked: "storm" });
    expect(decide(incident(), facts({ storm: true }), POLICY)).toMatchObject({ kind: "terminate" });
  });
});
