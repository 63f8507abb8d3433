// What follows from a worker's desired state and restart policy alone.
import { describe, expect, test } from "vitest";
import type { LastExit } from "../../../remediator/incidents/ledger.ts";
import type { ExitReason, Reason } from "../../../remediator/incidents/reason.ts";
import { supervise } from "../../../remediator/incidents/supervise.ts";
import { incarnationKey } from "../../../worker/incarnation.ts";
import type { ManagerSpec, RestartPolicy } from "../../../worker/spec.ts";
import {
  AMBIGUOUS,
  BOOT,
  command,
  DOWN,
  endedLedger,
  incarnation,
  NOW,
  OBSERVED,
  OTHER_BOOT,
  reading,
  supervised,
  UNREADABLE,
  workerLedger,
} from "./builders.ts";

function ended(reason: ExitReason, code?: number) {
  const lastExit: LastExit = { incarnation: incarnation(), code, reason, atWall: NOW.wall, at: NOW };
  return endedLedger({ lastExit });
}

const NEVER_SEEN = endedLedger({ incarnation: undefined, lastExit: undefined });

function wanted(
  ledger = endedLedger(),
  manager: ManagerSpec = supervised(),
  presence: Parameters<typeof reading>[0] = {},
) {
  return supervise(reading({ presence: DOWN, spec: { manager }, ...presence }), ledger, BOOT);
}

function starts(reason: Reason) {
  return { kind: "intent", intent: { ladder: "start", reason, source: "supervision" } };
}

describe("a supervised worker that has ended", () => {
  const policies: [RestartPolicy, ExitReason, number | undefined, Reason | "finished"][] = [
    ["always", "clean", 0, "exit"],
    ["always", "error", 1, "crash"],
    ["always", "requested", 42, "requested"],
    ["on-failure", "clean", 0, "finished"],
    ["on-failure", "error", 1, "crash"],
    ["on-failure", "signal", 137, "crash"],
    ["on-failure", "oom_kill", 137, "crash"],
    ["on-failure", "unknown", undefined, "crash"],
    ["on-failure", "requested", 42, "requested"],
    ["on-failure", "brake_limit", 42, "brake_limit"],
    ["on-failure", "drained", 0, "drained"],
    ["never", "clean", 0, "finished"],
    ["never", "error", 1, "finished"],
    ["never", "signal", 137, "finished"],
    ["never", "requested", 42, "requested"],
    ["never", "brake_limit", undefined, "brake_limit"],
  ];
  test.each(policies)("restart: %s, after %s (code %s): %s", (policy, exit, code, outcome) => {
    const finished = { kind: "desired", desired: "down", reason: "finished" };
    const expected = outcome === "finished" ? finished : starts(outcome);
    expect(wanted(ended(exit, code), supervised(policy))).toMatchObject(expected);
  });

  test("says what it follows from", () => {
    expect(wanted(ended("error", 3))).toMatchObject({
      intent: { text: "ended with exit code 3 (error); restart: on-failure" },
    });
    expect(wanted(ended("unknown"))).toMatchObject({
      intent: { text: "ended, nobody knows how; restart: on-failure" },
    });
  });

  test("waits for the record of how it ended", () => {
    expect(wanted(workerLedger({ ended: false }))).toBeUndefined();
  });
});

describe("the first start", () => {
  test("of a supervised worker comes with pitcrew, and again with each boot", () => {
    expect(wanted(NEVER_SEEN)).toMatchObject(starts("other"));
    const lastBoot = endedLedger({ incarnation: incarnation(100, OTHER_BOOT) });
    expect(wanted(lastBoot, supervised("never"))).toMatchObject(starts("other"));
  });

  test("of a worker of somebody else's command comes only if it is asked for", () => {
    expect(wanted(NEVER_SEEN, command(true))).toMatchObject(starts("other"));
    expect(wanted(NEVER_SEEN, command(false))).toBeUndefined();
    expect(wanted(ended("unknown"), command(true))).toBeUndefined();
  });
});

describe("nothing is done for a worker", () => {
  test("that is only observed, or that systemd owns", () => {
    expect(wanted(NEVER_SEEN, OBSERVED)).toBeUndefined();
    expect(wanted(NEVER_SEEN, { kind: "systemd", unit: "w.service" })).toBeUndefined();
  });

  test.each(["operator", "finished"] as const)("that is meant to be down (%s)", (desiredReason) => {
    expect(wanted(endedLedger({ desired: "down", desiredReason }))).toBeUndefined();
  });

  test.each([UNREADABLE, AMBIGUOUS])("of which it is not known whether it runs ($kind)", (presence) => {
    expect(wanted(endedLedger(), supervised(), { presence })).toBeUndefined();
  });

  test("that runs as it should", () => {
    expect(supervise(reading(), workerLedger(), BOOT)).toBeUndefined();
  });
});

describe("a worker that runs although an operator has stopped it", () => {
  const stopped = workerLedger({ desired: "down", desiredReason: "operator" });

  test("is stopped: pitcrew may have died between the word and the deed", () => {
    expect(supervise(reading(), stopped, BOOT)).toMatchObject({ kind: "intent", intent: { ladder: "stop" } });
  });

  test("is left alone if it was acted on before, or if somebody else owns its starts", () => {
    expect(supervise(reading(), { ...stopped, actedOn: incarnationKey(incarnation()) }, BOOT)).toBeUndefined();
    expect(supervise(reading({ spec: { manager: command() } }), stopped, BOOT)).toBeUndefined();
  });
});
