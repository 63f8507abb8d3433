// What is remembered of units between two looks: how their processes ended, and what systemd makes of them.
import type { Incarnation } from "../../../worker/incarnation.ts";
import type { UnitRef } from "../../../worker/unit.ts";
import type { OwnerView, WorkerEnd } from "../manager.ts";
import { endOf, ownerViewOf } from "./unit-end.ts";
import { keyOf, type UnitStates } from "./unit-states.ts";

const UNKNOWN: OwnerView = { kind: "unknown" };
/** systemd is asked again when its last answer is older; an answer older than `STALE_SECONDS` says nothing any more. */
const FRESH_SECONDS = 0.5;
const STALE_SECONDS = 5;
const KEPT_ENDS = 4;

export interface UnitMemoryOptions {
  states: UnitStates;
  clocks: () => { monoSeconds: number; wallSeconds: number };
  /** Asked before a stop is taken for an operator's: a shutdown stops everything. */
  isShuttingDown: (user: string | undefined) => Promise<boolean>;
  onNews: (unit: UnitRef) => void;
}

export class UnitMemory {
  readonly #options: UnitMemoryOptions;
  /** By unit, then by pid: the latest few. */
  readonly #ends = new Map<string, Map<number, WorkerEnd>>();
  /** Units whose end was asked for by somebody, and is known not to be part of a shutdown. */
  readonly #verdicts = new Map<string, { invocationId: string; isShutdown: boolean | undefined }>();

  /** The latest run of each unit: a forgotten one does not tell. */
  readonly #runs = new Map<string, string>();

  /** The run of each unit that we have told systemd to stop. */
  readonly #ourStops = new Map<string, string>();

  constructor(options: UnitMemoryOptions) {
    this.#options = options;
  }

  /** That run of the unit ends because we want it to. */
  stoppedByUs(unit: UnitRef, invocationId: string): void {
    this.#ourStops.set(keyOf(unit), invocationId);
  }

  /** Call whenever systemd has said something new: the next start makes it forget. */
  remember(unit: UnitRef): void {
    const known = this.#options.states.last(unit);
    if (known === undefined || known.state.execMainPid === 0) return;
    this.#runs.set(keyOf(unit), known.state.invocationId);
    const end = endOf(known.state, known.state.execMainPid, this.#options.clocks());
    if (end === undefined) return;
    const ends = this.#ends.get(keyOf(unit)) ?? new Map<number, WorkerEnd>();
    ends.delete(known.state.execMainPid);
    ends.set(known.state.execMainPid, end);
    for (const pid of ends.keys()) if (ends.size > KEPT_ENDS) ends.delete(pid);
    this.#ends.set(keyOf(unit), ends);
  }

  endOf(unit: UnitRef, target: Incarnation): WorkerEnd | undefined {
    const end = this.#ends.get(keyOf(unit))?.get(target.pid);
    if (end === undefined) this.#askAgain(unit);
    return end;
  }

  view(unit: UnitRef, running: Incarnation | undefined): OwnerView {
    const { states, clocks } = this.#options;
    const known = states.last(unit);
    const age = known === undefined ? Number.POSITIVE_INFINITY : clocks().monoSeconds - known.atSeconds;
    const isOfRunning = running !== undefined && known?.state.mainPid === running.pid;
    // Of a process that runs nothing changes; what is down may be started or given up at any moment.
    if (!isOfRunning) this.#askAgain(unit, age > STALE_SECONDS);
    if (known === undefined || (age > STALE_SECONDS && !isOfRunning)) return UNKNOWN;
    const view = ownerViewOf(known.state, running?.pid);
    return view.kind === "stopped"
      ? this.#stopped(unit, known.state.invocationId || this.#runs.get(keyOf(unit)) || "")
      : view;
  }

  #stopped(unit: UnitRef, invocationId: string): OwnerView {
    if (this.#ourStops.get(keyOf(unit)) === invocationId) return { kind: "ended", failed: false };
    const verdict = this.#verdicts.get(keyOf(unit));
    if (verdict?.invocationId === invocationId) return verdict.isShutdown === false ? { kind: "stopped" } : UNKNOWN;
    const asked: { invocationId: string; isShutdown: boolean | undefined } = { invocationId, isShutdown: undefined };
    this.#verdicts.set(keyOf(unit), asked);
    void this.#options.isShuttingDown(unit.user).then((isShutdown) => {
      asked.isShutdown = isShutdown;
      this.#options.onNews(unit);
    });
    return UNKNOWN;
  }

  /** @param mustTell also if the answer is what it was: somebody was told that it is not known */
  #askAgain(unit: UnitRef, mustTell = false): void {
    const { states, clocks, onNews } = this.#options;
    const known = states.last(unit);
    if (known !== undefined && clocks().monoSeconds - known.atSeconds < FRESH_SECONDS) return;
    void states.refresh(unit).then((state) => {
      if (mustTell && state !== undefined) onNews(unit);
    });
  }
}
