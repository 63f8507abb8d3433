// What readings say about incarnations: which process a worker is, and how the one before it ended.
import { describe, expect, test } from "vitest";
import type { Incident, OpenState } from "../../../remediator/incidents/incident.ts";
import type { ExitReason } from "../../../remediator/incidents/reason.ts";
import { exitReason, type TrackFacts, track } from "../../../remediator/incidents/track.ts";
import {
  AMBIGUOUS,
  BOOT,
  brake,
  DOWN,
  endedLedger,
  incarnation,
  incident,
  NOW,
  OTHER_BOOT,
  reading,
  startIncident,
  UNREADABLE,
  up,
  workerLedger,
} from "./builders.ts";

const OLD = incarnation(100);
/** Pid 100 began at tick 1000, ten seconds after the boot. */
const BEGAN_AT_UPTIME = 10;

function tracked(wanted: Partial<TrackFacts>) {
  return track({
    reading: reading(),
    ledger: workerLedger(),
    open: undefined,
    exit: undefined,
    exitPending: false,
    startedByItself: false,
    bootId: BOOT,
    nowWall: NOW.wall,
    uptimeSeconds: () => BEGAN_AT_UPTIME + 3600,
    clockTicksPerSecond: 100,
    ...wanted,
  });
}

function exited(code: number) {
  return { version: 1 as const, worker: "w", incarnation: OLD, code, atSeconds: NOW.wall };
}

const GONE = { reading: reading({ presence: DOWN }) };
const REPLACED = { reading: reading({ presence: up(200) }) };

describe("a process that runs", () => {
  test("and is known asks for nothing", () => {
    expect(tracked({})).toEqual([]);
  });

  test("and is the first that we see is written down without a reason: it is no restart", () => {
    const ledger = endedLedger({ incarnation: undefined, lastExit: undefined });
    expect(tracked({ ledger })).toEqual([{ type: "seen", worker: "w", incarnation: OLD }]);
  });

  test("and is the first of a boot is no restart either, and ends what ran before the boot", () => {
    const before = incarnation(100, OTHER_BOOT);
    expect(tracked({ ledger: workerLedger({ incarnation: before }) })).toMatchObject([
      { type: "exit", incarnation: before, reason: "unknown", young: false },
      { type: "seen", incarnation: OLD },
    ]);
    expect(tracked({ ledger: workerLedger({ incarnation: before }) })[1]).not.toHaveProperty("reason");
  });

  test("and that nobody here has started was restarted by somebody else", () => {
    expect(tracked(REPLACED)).toMatchObject([
      { type: "exit", incarnation: OLD, reason: "unknown" },
      { type: "seen", incarnation: incarnation(200), reason: "external" },
    ]);
  });

  test.each<OpenState>(["starting", "holding"])("and that an incident (%s) was to start has its reason", (state) => {
    const open = incident({ state, reason: "age", ladder: "recycle" });
    expect(tracked({ ...REPLACED, ledger: endedLedger(), open })).toMatchObject([{ type: "seen", reason: "age" }]);
  });
});

describe("a process that is gone", () => {
  test("is called ended once it is known how, or that nobody will tell", () => {
    expect(tracked({ ...GONE, exitPending: true })).toEqual([]);
    expect(tracked(GONE)).toMatchObject([{ type: "exit", incarnation: OLD, reason: "unknown" }]);
    expect(tracked({ ...GONE, exitPending: true, exit: exited(3) })).toMatchObject([
      { type: "exit", code: 3, reason: "error" },
    ]);
  });

  test("is written down once", () => {
    expect(tracked({ ...GONE, ledger: endedLedger() })).toEqual([]);
  });

  test.each([UNREADABLE, AMBIGUOUS])("is not presumed from a look that shows nothing ($kind)", (presence) => {
    expect(tracked({ reading: reading({ presence }) })).toEqual([]);
  });

  test("died young if it lived for less than a minute, and not at our hands", () => {
    const young = { ...GONE, exit: exited(1), uptimeSeconds: () => BEGAN_AT_UPTIME + 59 };
    expect(tracked(young)).toMatchObject([{ young: true }]);
    expect(tracked({ ...young, uptimeSeconds: () => BEGAN_AT_UPTIME + 60 })).toMatchObject([{ young: false }]);
    for (const state of ["draining", "terminating", "killing"] as const)
      expect(tracked({ ...young, open: incident({ state }) })).toMatchObject([{ young: false }]);
  });
});

describe("how it ended", () => {
  test.each<[number | undefined, boolean, boolean, ExitReason]>([
    [0, false, false, "clean"],
    [0, true, false, "drained"],
    [1, false, false, "error"],
    [1, false, true, "error"],
    [42, false, false, "requested"],
    [42, false, true, "brake_limit"],
    [42, true, false, "drained"],
    [42, true, true, "drained"],
    [128, false, false, "error"],
    [137, false, false, "signal"],
    [143, true, false, "signal"],
    [undefined, false, false, "unknown"],
    [undefined, false, true, "brake_limit"],
  ])("code %s, drain of ours %s, streak at its limit %s: %s", (code, drained, brakeLimit, reason) => {
    expect(exitReason(code, drained, brakeLimit)).toBe(reason);
  });

  test("exit code 42 while a drain of ours is open is drained; of another process's drain it is requested", () => {
    const draining = (meant: Incident["incarnation"]) => ({
      ...incident({ state: "draining", ladder: "recycle" }),
      incarnation: meant ?? OLD,
    });
    expect(tracked({ ...GONE, exit: exited(42), open: draining(OLD) })).toMatchObject([{ reason: "drained" }]);
    const other = draining(incarnation(7));
    expect(tracked({ ...GONE, exit: exited(42), open: other })).toMatchObject([{ reason: "requested" }]);
    expect(tracked({ ...GONE, exit: exited(42), open: startIncident() })).toMatchObject([{ reason: "requested" }]);
  });

  test.each<[string, Parameters<typeof brake>[0], ExitReason]>([
    ["its streak has reached its limit", { consecutiveBrakes: 10 }, "brake_limit"],
    ["the record says that it ended for that", { ending: { reason: "brake_limit", atSeconds: 1 } }, "brake_limit"],
    ["its streak is short of the limit", { consecutiveBrakes: 9 }, "requested"],
    ["the record is another process's", { consecutiveBrakes: 10, incarnation: incarnation(7) }, "requested"],
    ["its limit is switched off", { consecutiveBrakes: 10, limit: 0 }, "requested"],
  ])("exit code 42 when %s", (_title, record, reason) => {
    const seen = reading({ presence: DOWN, brake: brake(record) });
    expect(tracked({ reading: seen, exit: exited(42) })).toMatchObject([{ reason }]);
  });
});
