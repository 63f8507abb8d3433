// What the state of a unit says of a worker: how its process ended, and what systemd will make of it.
import type { OwnerView, WorkerEnd } from "../manager.ts";
import type { UnitState } from "./unit-state.ts";

/** systemd.exec(5): the service manager's own failures before the program could run; from 200 on, so no program's. */
const EXEC_FAILURE = 200;
const KILLED_OR_DUMPED: ReadonlySet<number> = new Set([2, 3]);

export interface Clocks {
  /** CLOCK_MONOTONIC, systemd's own clock. */
  monoSeconds: number;
  wallSeconds: number;
}

/** How the main process with this pid ended; undefined while it lives, or if systemd speaks of another one by now. */
export function endOf(state: UnitState, pid: number, clocks: Clocks): WorkerEnd | undefined {
  if (state.execMainPid !== pid || state.mainPid === pid || state.execMainCode === 0) return undefined;
  return {
    code: exitCode(state.execMainCode, state.execMainStatus),
    atSeconds: clocks.wallSeconds - (clocks.monoSeconds - state.execMainExitSeconds),
    ...(state.result === "oom-kill" && { oomKill: true }),
    ...(endedByRequest(state) && { byRequest: true }),
  };
}

/** 128+n for a signal. @param siCode as in siginfo_t: 1 exited, 2 killed, 3 dumped */
export function exitCode(siCode: number, status: number): number {
  return KILLED_OR_DUMPED.has(siCode) ? 128 + status : status;
}

/**
 * Somebody told systemd to stop the unit while its main process lived: the unit left `active` before that process ended. Where the
 * process ends by itself (or by a signal of ours) systemd learns of it first and leaves `active` afterwards.
 */
export function endedByRequest(state: UnitState): boolean {
  const { activeEnterSeconds, activeExitSeconds, execMainStartSeconds, execMainExitSeconds, result } = state;
  const ofThisRun = activeEnterSeconds >= execMainStartSeconds && activeExitSeconds >= activeEnterSeconds;
  if (!ofThisRun || state.execMainCode === 0 || activeExitSeconds >= execMainExitSeconds) return false;
  // systemd ends a unit by itself for a watchdog, a memory limit, or because it ran for too long; a stop may time out, too.
  if (result === "watchdog" || result === "oom-kill" || result === "resources" || result === "protocol") return false;
  return result !== "timeout" || !state.hasRuntimeLimit;
}

/**
 * systemd unloads a unit that has ended well and that nobody names, and with it how it ended. With `Restart=always` it would have started it
 * again, had nobody told it to stop.
 */
function isForgottenStop({ invocationId, restart }: UnitState): boolean {
  return invocationId === "" && restart === "always";
}

/** @param pid of the process that is seen to run, if one is */
export function ownerViewOf(state: UnitState, pid: number | undefined): OwnerView {
  if (pid !== undefined)
    return state.mainPid === pid ? { kind: "running", byItself: state.restarts > 0 } : { kind: "unknown" };
  switch (state.activeState) {
    case "activating":
      return { kind: "starting" };
    case "failed":
      return { kind: "ended", failed: true };
    case "inactive":
      return endedByRequest(state) || isForgottenStop(state) ? { kind: "stopped" } : { kind: "ended", failed: false };
    default:
      // Active without a process that we see, or in the middle of a stop: the next look is clearer.
      return { kind: "unknown" };
  }
}

/** A start that came to nothing before the program ran. Undefined: it ran. */
export function startFailure(state: UnitState): string | undefined {
  if (state.result === "success") return undefined;
  const ran = state.execMainPid !== 0 && !(state.execMainCode === 1 && state.execMainStatus >= EXEC_FAILURE);
  if (ran && state.result !== "start-limit-hit") return undefined;
  const how =
    state.execMainCode === 1 && state.execMainStatus >= EXEC_FAILURE ? `, status ${state.execMainStatus}` : "";
  return `${state.result}${how}`;
}
