// Workers with another owner beside us: what systemd does by itself, and what somebody told it, is respected.
import { describe, expect, test } from "vitest";
import { decide } from "../../../remediator/incidents/decide.ts";
import type { LastExit, WorkerLedger } from "../../../remediator/incidents/ledger.ts";
import type { ExitReason } from "../../../remediator/incidents/reason.ts";
import { supervise } from "../../../remediator/incidents/supervise.ts";
import { track } from "../../../remediator/incidents/track.ts";
import type { OwnerView } from "../../../remediator/managers/manager.ts";
import type { ManagerSpec } from "../../../worker/spec.ts";
import {
  at,
  BOOT,
  brake,
  DOWN,
  endedLedger,
  facts,
  incarnation,
  incident,
  NOW,
  OTHER_BOOT,
  POLICY,
  reading,
  supervised,
  up,
  workerLedger,
} from "./builders.ts";

const UNIT: ManagerSpec = { kind: "systemd", unit: "w.service" };
const OWN_UNIT: ManagerSpec = { ...supervised(), unit: "pitcrew-worker-w.service" } as ManagerSpec;
const FAILED: OwnerView = { kind: "ended", failed: true };

function ended(reason: ExitReason, code?: number, boot = BOOT): Partial<WorkerLedger> {
  const lastExit: LastExit = { incarnation: incarnation(100, boot), code, reason, atWall: NOW.wall, at: NOW };
  return { lastExit };
}

function wanted(manager: ManagerSpec, owner: OwnerView, ledger: Partial<WorkerLedger> = ended("error", 1)) {
  return supervise(reading({ presence: DOWN, spec: { manager } }), endedLedger(ledger), BOOT, owner);
}

const starts = (reason: string) => ({ kind: "intent", intent: { ladder: "start", reason } });

describe("a unit that is down", () => {
  test.each<[ManagerSpec["kind"], ManagerSpec]>([
    ["systemd", UNIT],
    ["supervised", OWN_UNIT],
  ])("because somebody told systemd to stop it is meant to be down (%s)", (_kind, manager) => {
    const stopped = { kind: "desired", desired: "down", reason: "systemd", by: "systemctl" };
    expect(wanted(manager, { kind: "stopped" }, ended("signal", 143))).toEqual(stopped);
  });

  test.each<OwnerView>([{ kind: "starting" }, { kind: "unknown" }])("is left to systemd while it is $kind", (owner) => {
    expect(wanted(UNIT, owner)).toBeUndefined();
  });

  test("and that systemd has given up is started again, unless it has ended well", () => {
    expect(wanted(UNIT, FAILED)).toMatchObject(starts("crash"));
    expect(wanted(UNIT, { kind: "ended", failed: false }, ended("requested", 42))).toMatchObject(starts("requested"));
    expect(wanted(UNIT, { kind: "ended", failed: false }, ended("clean", 0))).toMatchObject({ reason: "finished" });
  });

  test("that was never up in this boot is started only if systemd has tried; a supervised worker's always is", () => {
    const never = { incarnation: undefined, lastExit: undefined };
    expect(wanted(UNIT, { kind: "ended", failed: false }, never)).toBeUndefined();
    expect(wanted(UNIT, FAILED, never)).toMatchObject(starts("crash"));
    expect(wanted(OWN_UNIT, { kind: "ended", failed: false }, never)).toMatchObject(starts("other"));
    expect(wanted(OWN_UNIT, { kind: "stopped" }, never)).toMatchObject(starts("other"));
  });

  test("and of which it is not known yet how it ended waits for that", () => {
    expect(wanted(UNIT, { kind: "stopped" }, { ended: false })).toBeUndefined();
  });

  test("is taken out of systemd's hands when it dies young again and again", () => {
    const restless = { ...ended("error", 1), youngDeaths: 6 };
    expect(wanted(UNIT, { kind: "starting" }, restless)).toMatchObject(starts("crash"));
    const held = { ...restless, quarantine: { since: NOW, reason: "crash", holds: "stopped" } as const };
    expect(wanted(UNIT, { kind: "starting" }, held)).toBeUndefined();
  });
});

describe("a unit that runs although it is meant to be down", () => {
  const BY_HAND: OwnerView = { kind: "running", byItself: false };
  const STOPPED = { desired: "down", desiredAt: at(-60), ...ended("signal", 143) } as const;
  const runs = (owner: OwnerView, ledger: Partial<WorkerLedger>) =>
    supervise(reading({ spec: { manager: UNIT } }), workerLedger({ seenAt: at(-1), ...ledger }), BOOT, owner);
  const resumed = { kind: "desired", desired: "up", reason: "none", by: "systemctl" };
  const stops = { kind: "intent", intent: { ladder: "stop" } };

  test.each(["operator", "systemd"] as const)(
    "was started by systemctl, which is a word like ours (%s)",
    (desiredReason) => {
      expect(runs(BY_HAND, { ...STOPPED, desiredReason })).toEqual(resumed);
    },
  );

  test("is stopped if it is the process that was to be stopped, or systemd has started it again", () => {
    const operator = { ...STOPPED, desiredReason: "operator" } as const;
    expect(runs(BY_HAND, { ...operator, seenAt: at(-3600) })).toMatchObject(stops);
    expect(runs({ kind: "running", byItself: true }, operator)).toMatchObject(stops);
    expect(runs({ kind: "unknown" }, operator)).toBeUndefined();
  });

  test("after a boot stays stopped if pitcrew was told so, and runs if only systemctl was", () => {
    const otherBoot = ended("unknown", undefined, OTHER_BOOT);
    expect(runs(BY_HAND, { ...STOPPED, ...otherBoot, desiredReason: "operator" })).toMatchObject(stops);
    expect(runs(BY_HAND, { ...STOPPED, ...otherBoot, desiredReason: "systemd" })).toEqual(resumed);
  });
});

describe("an incident that is to start a unit", () => {
  const down = reading({ presence: DOWN, spec: { manager: UNIT } });
  const open = incident({ state: "open", ladder: "start", reason: "down" });
  const decided = (owner: OwnerView, wish = open, seenInThisBoot = true) =>
    decide(wish, facts({ reading: down, ledger: endedLedger(), owner, seenInThisBoot }), POLICY);

  test("waits while systemd is about to start it, unless an operator asks", () => {
    expect(decided({ kind: "starting" })).toMatchObject({ kind: "wait", because: "systemd is about to start it" });
    expect(decided({ kind: "starting" }, { ...open, source: "operator" })).toMatchObject({ kind: "start" });
    expect(decided(FAILED)).toMatchObject({ kind: "start" });
  });

  test("waits until it has been up in this boot, or has failed", () => {
    expect(decided({ kind: "ended", failed: false }, open, false)).toMatchObject({ blocked: "startup_grace" });
    expect(decided(FAILED, open, false)).toMatchObject({ kind: "start" });
  });
});

describe("a unit that systemd has started again", () => {
  const before = incarnation(100);
  const tracked = (wish: Partial<Parameters<typeof track>[0]>) =>
    track({
      reading: reading({ presence: up(200), spec: { manager: UNIT } }),
      ledger: workerLedger({ incarnation: before }),
      open: undefined,
      exit: undefined,
      exitPending: false,
      startedByItself: false,
      bootId: BOOT,
      nowWall: NOW.wall,
      uptimeSeconds: () => 10_000,
      clockTicksPerSecond: 100,
      ...wish,
    });

  test.each<[string, Parameters<typeof tracked>[0], string]>([
    ["has the reason of the end before it", { exit: { code: 42, atSeconds: NOW.wall } }, "requested"],
    ["also if that was seen a look earlier", { ledger: endedLedger({ ...ended("error", 1) }) }, "crash"],
    ["was killed for its memory", { exit: { code: 137, atSeconds: NOW.wall, oomKill: true } }, "crash"],
    [
      "by somebody's word was restarted from outside",
      { exit: { code: 143, atSeconds: NOW.wall, byRequest: true } },
      "external",
    ],
    ["so quickly that nobody knows how it ended, by somebody's word", {}, "external"],
    ["so quickly that nobody knows how it ended, by itself", { startedByItself: true }, "crash"],
    [
      "so quickly that only its brake's record tells how it ended",
      {
        startedByItself: true,
        reading: reading({
          presence: up(200),
          spec: { manager: UNIT },
          brake: brake({ incarnation: before, limit: 10, consecutiveBrakes: 10 }),
        }),
      },
      "brake_limit",
    ],
    [
      "after our signal has our reason",
      { open: incident({ state: "terminating", incarnation: before }) },
      "memory_limit",
    ],
  ])("%s", (_title, wish, reason) => {
    expect(tracked(wish).at(-1)).toMatchObject({ type: "seen", reason });
  });

  test("is known once it is known how the one before ended, or that nobody will tell", () => {
    expect(tracked({ exitPending: true })).toEqual([]);
  });

  test("after a stop that somebody asked for has not died young", () => {
    const exit = { code: 143, atSeconds: NOW.wall, byRequest: true };
    expect(tracked({ exit, uptimeSeconds: () => 10 })[0]).toMatchObject({
      type: "exit",
      young: false,
      byRequest: true,
    });
  });

  test("killed for its memory is an exit of that kind", () => {
    expect(tracked({ exit: { code: 137, atSeconds: NOW.wall, oomKill: true } })[0]).toMatchObject({
      reason: "oom_kill",
    });
  });
});
