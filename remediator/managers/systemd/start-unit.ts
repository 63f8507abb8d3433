// From a unit that is down to the incarnation of its main process.
import { setTimeout as sleep } from "node:timers/promises";
import { CLOCK_TICKS_PER_SECOND, readBootId } from "../../../worker/boot.ts";
import { identify } from "../../../worker/identify.ts";
import type { Incarnation } from "../../../worker/incarnation.ts";
import type { UnitRef } from "../../../worker/unit.ts";
import type { StartResult } from "../manager.ts";
import type { CommandResult } from "./systemctl.ts";
import { startFailure } from "./unit-end.ts";
import type { UnitState } from "./unit-state.ts";

export interface StartUnitDeps {
  refresh: () => Promise<UnitState | undefined>;
  command: (verb: string, ...args: readonly string[]) => Promise<CommandResult>;
  runsWithinMs?: number;
}

const RUNS_WITHIN_MS = 30_000;
const FIRST_LOOK_MS = 20;
const LAST_LOOK_MS = 250;
const NO_RIGHT = /interactive authentication required|access denied/i;

export async function startUnit(worker: string, unit: UnitRef, deps: StartUnitDeps): Promise<StartResult> {
  const { refresh, command, runsWithinMs = RUNS_WITHIN_MS } = deps;
  const failed = (code: string, text: string): StartResult => ({
    kind: "failed",
    code,
    message: `${worker}: ${unit.name} ${text}`,
  });
  const before = await refresh();
  if (before === undefined) return failed("systemd", "could not be started: systemd did not say how it is");
  if (before.loadState !== "loaded") return failed(before.loadState, notLoaded(before.loadState));
  if (before.mainPid !== 0 && before.activeState !== "deactivating")
    return { kind: "already_running", detail: `${worker}: ${unit.name} runs already: process ${before.mainPid}` };
  // The start limit counts our starts, too, and would let the unit fail instead. Our own budgets have allowed this one.
  if (before.hasStartLimit || before.activeState === "failed") await command("reset-failed");
  const told = await command("start", "--no-block");
  if (told.kind === "failed") return failed("systemctl", `could not be started: ${withRemedy(told.message)}`);

  const until = performance.now() + runsWithinMs;
  for (let pause = FIRST_LOOK_MS; performance.now() < until; pause = Math.min(LAST_LOOK_MS, 2 * pause)) {
    await sleep(pause);
    const state = await refresh();
    if (state === undefined || state.invocationId === before.invocationId) continue;
    const failure = startFailure(state);
    if (failure !== undefined && state.mainPid === 0)
      return failed(failure, `did not start: ${failure}; journalctl -u ${unit.name} says more`);
    // What runs before the main process does leaves the last one's data in place.
    const isNew = state.execMainStartSeconds > before.execMainStartSeconds;
    const incarnation = isNew ? incarnationOf(state) : undefined;
    if (incarnation !== undefined) return { kind: "started", incarnation };
  }
  return failed("ETIMEDOUT", `was told to start, and has no main process after ${runsWithinMs / 1000} s`);
}

/** One that has come and gone already, too: how it ended is then a question like any other. */
function incarnationOf({ mainPid, execMainPid, execMainStartSeconds }: UnitState): Incarnation | undefined {
  const living = mainPid === 0 ? undefined : identify(mainPid);
  if (living !== undefined || execMainPid === 0) return living;
  const bootId = readBootId();
  const startTicks = Math.floor(execMainStartSeconds * CLOCK_TICKS_PER_SECOND);
  return bootId === undefined ? undefined : { bootId, pid: execMainPid, startTicks };
}

function notLoaded(loadState: string): string {
  switch (loadState) {
    case "not-found":
      return "does not exist: write it, or correct the unit in pitcrew.yml";
    case "masked":
      return "is masked: systemctl unmask lets it start";
    default:
      return `cannot be loaded (${loadState}): systemctl status says why`;
  }
}

function withRemedy(message: string): string {
  return NO_RIGHT.test(message) ? `${message} (sudo pitcrew units writes the rule that allows it)` : message;
}
