// Follows incarnations: which process a worker is now, and how the one before it ended.
import type { Incarnation } from "../../worker/incarnation.ts";
import { sameIncarnation } from "../../worker/incarnation.ts";
import type { WorkerReading } from "../../worker/reading.ts";
import { unitOfWorker } from "../../worker/unit.ts";
import type { WorkerEnd } from "../managers/manager.ts";
import type { Incident } from "./incident.ts";
import type { Entry } from "./journal-entry.ts";
import type { WorkerLedger } from "./ledger.ts";
import { YOUNG_SECONDS } from "./rationing.ts";
import type { ExitReason, Reason } from "./reason.ts";
import { RENEW_EXIT_CODE } from "./reason.ts";

export interface TrackFacts {
  reading: WorkerReading;
  ledger: Readonly<WorkerLedger>;
  open: Incident | undefined;
  /** Known once its shim has written it, or systemd has told it. */
  exit: WorkerEnd | undefined;
  /** The exit may still be about to be written: do not call it unknown yet. */
  exitPending: boolean;
  /** What runs now was started by its service manager alone: nobody told it to. */
  startedByItself: boolean;
  bootId: string;
  nowWall: number;
  /** CLOCK_BOOTTIME, the clock of start ticks. */
  uptimeSeconds: () => number;
  clockTicksPerSecond: number;
}

/** The entries that bring the ledger up to what the reading shows; empty when nothing changed. */
export function track(facts: TrackFacts): Entry[] {
  const { reading, ledger } = facts;
  const known = ledger.incarnation;
  const running = reading.presence.kind === "up" ? reading.presence.incarnation : undefined;
  const entries: Entry[] = [];
  if (reading.presence.kind === "unknown" || reading.presence.kind === "ambiguous") return entries;
  if (known !== undefined && !ledger.ended && !sameIncarnation(known, running)) {
    if (facts.exit === undefined && facts.exitPending) return entries;
    entries.push(exitOf(known, facts));
  }
  if (running !== undefined && !sameIncarnation(known, running)) {
    const reason = reasonOfReplacement(known, facts);
    entries.push({
      type: "seen",
      worker: reading.spec.name,
      incarnation: running,
      ...(reason === undefined ? {} : { reason }),
    });
  }
  return entries;
}

function reasonOfReplacement(known: Incarnation | undefined, facts: TrackFacts): Reason | undefined {
  // A boot ends every incarnation: the first one after it is a first one.
  if (known === undefined || known.bootId !== facts.bootId) return undefined;
  const { open, ledger, reading } = facts;
  if (open !== undefined && (open.state === "starting" || open.state === "holding")) return open.reason;
  // Its service manager has started it again at once: after a signal of ours, or after an end of its own.
  if (unitOfWorker(reading.spec.manager) === undefined) return "external";
  if (open !== undefined && isStoppedBy(open, known)) return open.reason;
  const end = ledger.ended ? ledger.lastExit : { ...facts.exit, reason: reasonOfEnd(known, facts) };
  if (end === undefined || end.byRequest === true) return "external";
  // systemd forgets how a process ended when it starts the next; that it did so by itself it still knows: it was an end of the worker's own.
  return end.code === undefined && !facts.startedByItself ? "external" : reasonAfterExit(end.reason);
}

function isStoppedBy(open: Incident, incarnation: Incarnation): boolean {
  return (
    sameIncarnation(open.incarnation, incarnation) &&
    (open.state === "terminating" || open.state === "killing" || open.state === "draining")
  );
}

function reasonOfEnd(incarnation: Incarnation, { exit, open, reading }: TrackFacts): ExitReason {
  const drained = open?.state === "draining" && isStoppedBy(open, incarnation);
  return exit?.oomKill === true ? "oom_kill" : exitReason(exit?.code, drained, brakesExhausted(reading, incarnation));
}

function exitOf(incarnation: Incarnation, facts: TrackFacts): Entry {
  const { reading, exit, open } = facts;
  const code = exit?.code;
  const atWall = exit?.atSeconds ?? facts.nowWall;
  const isStopped = exit?.byRequest === true || (open !== undefined && isStoppedBy(open, incarnation));
  const startedWall = facts.nowWall - (facts.uptimeSeconds() - incarnation.startTicks / facts.clockTicksPerSecond);
  const lived = incarnation.bootId === facts.bootId ? atWall - startedWall : Number.POSITIVE_INFINITY;
  return {
    type: "exit",
    worker: reading.spec.name,
    incarnation,
    ...(code === undefined ? {} : { code }),
    reason: reasonOfEnd(incarnation, facts),
    atWall,
    young: !isStopped && lived < YOUNG_SECONDS,
    ...(exit?.byRequest === true && { byRequest: true }),
  };
}

function brakesExhausted(reading: WorkerReading, incarnation: Incarnation): boolean {
  const { brake } = reading;
  if (brake === undefined || !sameIncarnation(brake.incarnation, incarnation)) return false;
  return brake.ending?.reason === "brake_limit" || (brake.limit > 0 && brake.consecutiveBrakes >= brake.limit);
}

/** @param code 128+n for a signal */
export function exitReason(code: number | undefined, drained: boolean, brakeLimit: boolean): ExitReason {
  if (code === undefined) return brakeLimit ? "brake_limit" : "unknown";
  if (code === 0) return drained ? "drained" : "clean";
  if (code === RENEW_EXIT_CODE) return drained ? "drained" : brakeLimit ? "brake_limit" : "requested";
  return code > 128 ? "signal" : "error";
}

/** The reason of the start that follows an exit. */
export function reasonAfterExit(reason: ExitReason): Reason {
  switch (reason) {
    case "clean":
      return "exit";
    case "brake_limit":
      return "brake_limit";
    case "drained":
      return "drained";
    case "requested":
      return "requested";
    case "error":
    case "signal":
    case "oom_kill":
    case "unknown":
      return "crash";
  }
}
