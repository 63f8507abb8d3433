// What systemd shows of a unit, and what it means for the worker that the unit is.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { OwnerView, WorkerEnd } from "../../../../remediator/managers/manager.ts";
import { endOf, ownerViewOf, startFailure } from "../../../../remediator/managers/systemd/unit-end.ts";
import { parseUnitStates } from "../../../../remediator/managers/systemd/unit-state.ts";
import { ended, FORGOTTEN, type Shown, STOPPED, shown, unitState } from "./shown.ts";

describe("systemctl show", () => {
  test("of several units is one state for each, in their order", () => {
    const text = `${shown()}\n${shown({ Id: "x.service", LoadState: "not-found", MainPID: 0 })}`;
    expect(parseUnitStates(text)).toMatchObject([
      { name: "w.service", mainPid: 71, execMainStartSeconds: 1000, killSignal: 15, hasStartLimit: true },
      { name: "x.service", loadState: "not-found", mainPid: 0 },
    ]);
  });

  test.each<[Shown, object]>([
    [{ StartLimitIntervalUSec: 0 }, { hasStartLimit: false }],
    [{ StartLimitIntervalUSec: "infinity" }, { hasStartLimit: false }],
    [{ RuntimeMaxUSec: "1h" }, { hasRuntimeLimit: true }],
    [{ MainPID: "[not set]" }, { mainPid: 0 }],
    [{ ExecStop: "{ path=/bin/kill ; argv[]=/bin/kill -INT $MAINPID ; ignore_errors=no }" }, { hasStopCommand: true }],
  ])("with %j", (changes, expected) => {
    expect(unitState(changes)).toMatchObject(expected);
  });

  test("no text makes the parser throw, and what names no unit is left out", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        for (const { name, loadState } of parseUnitStates(text)) expect(name !== "" && loadState !== "").toBe(true);
      }),
    );
  });
});

const CLOCKS = { monoSeconds: 1070, wallSeconds: 1_771_000_000 };

describe("how a unit's process ended", () => {
  test.each<[string, Shown, Partial<WorkerEnd> | undefined]>([
    ["it lives", {}, undefined],
    ["by itself", ended(), { code: 1, atSeconds: 1_770_999_990 }],
    [
      "with 42, and systemd waits to start it again",
      ended({ ExecMainStatus: 42, SubState: "auto-restart" }),
      { code: 42 },
    ],
    ["by a signal", ended({ ExecMainCode: 2, ExecMainStatus: 9, Result: "signal" }), { code: 137 }],
    ["with a core dump", ended({ ExecMainCode: 3, ExecMainStatus: 6, Result: "core-dump" }), { code: 134 }],
    ["by its memory limit", ended({ ExecMainCode: 2, ExecMainStatus: 9, Result: "oom-kill" }), { oomKill: true }],
    ["by a stop", STOPPED, { code: 143, byRequest: true }],
    [
      "with an error of its own when it was stopped",
      { ...STOPPED, ExecMainCode: 1, ExecMainStatus: 3, Result: "exit-code" },
      { code: 3, byRequest: true },
    ],
    [
      "killed, when its stop took too long",
      { ...STOPPED, ExecMainStatus: 9, Result: "timeout" },
      { code: 137, byRequest: true },
    ],
  ])("%s", (_title, changes, expected) => {
    const end = endOf(unitState(changes), 71, CLOCKS);
    if (expected === undefined) expect(end).toBeUndefined();
    else expect(end).toMatchObject(expected);
  });

  test.each<[string, Shown]>([
    ["its memory limit ended it, and systemd stopped the rest first", { ...STOPPED, Result: "oom-kill" }],
    ["its watchdog", { ...STOPPED, Result: "watchdog" }],
    ["it ran for longer than it may", { ...STOPPED, Result: "timeout", RuntimeMaxUSec: "1h" }],
    ["it ended by itself", ended()],
    [
      "it died while it started, and was stopped in a former run",
      ended({ ActiveEnterTimestampMonotonic: 900_000_000, ActiveExitTimestampMonotonic: 950_000_000 }),
    ],
  ])("is nobody's request when %s", (_title, changes) => {
    expect(endOf(unitState(changes), 71, CLOCKS)).not.toHaveProperty("byRequest");
  });

  test("is not known when systemd speaks of the next process already", () => {
    expect(endOf(unitState({ MainPID: 80, ExecMainPID: 80 }), 71, CLOCKS)).toBeUndefined();
    expect(endOf(unitState(ended({ ExecMainPID: 0 })), 71, CLOCKS)).toBeUndefined();
  });
});

describe("what systemd makes of a worker", () => {
  test.each<[string, Shown, number | undefined, OwnerView]>([
    ["that it started when it was told to", {}, 71, { kind: "running", byItself: false }],
    ["that it started again", { NRestarts: 2 }, 71, { kind: "running", byItself: true }],
    ["of which we see another process", {}, 70, { kind: "unknown" }],
    [
      "that it will start again",
      ended({ ActiveState: "activating", SubState: "auto-restart" }),
      undefined,
      { kind: "starting" },
    ],
    ["that it was told to stop", STOPPED, undefined, { kind: "stopped" }],
    ["that it has given up", ended({ Result: "start-limit-hit" }), undefined, { kind: "ended", failed: true }],
    [
      "that has ended well",
      ended({ ExecMainStatus: 0, Result: "success", ActiveState: "inactive" }),
      undefined,
      { kind: "ended", failed: false },
    ],
    [
      "that was told to stop, which systemd has forgotten",
      { ...FORGOTTEN, Restart: "always" },
      undefined,
      { kind: "stopped" },
    ],
    ["that systemd has forgotten, and may have ended well", FORGOTTEN, undefined, { kind: "ended", failed: false }],
    ["that is being stopped", { ActiveState: "deactivating" }, undefined, { kind: "unknown" }],
  ])("%s", (_title, changes, pid, expected) => {
    expect(ownerViewOf(unitState(changes), pid)).toEqual(expected);
  });
});

test.each<[string, Shown, string | undefined]>([
  ["its program is not there", ended({ ExecMainStatus: 203 }), "exit-code, status 203"],
  ["the start limit is hit", ended({ Result: "start-limit-hit" }), "start-limit-hit"],
  ["it has no process of its own", ended({ ExecMainPID: 0, Result: "resources" }), "resources"],
  ["it ran and failed, which is an end and no failed start", ended({ ExecMainStatus: 3 }), undefined],
  ["it runs", {}, undefined],
])("a start has failed or not: %s", (_title, changes, expected) => {
  expect(startFailure(unitState(changes))).toBe(expected);
});
