// What the journal keeps. State is the fold of these entries (ledger.ts), so each says all that its fold needs.
import type { Incarnation } from "../../worker/incarnation.ts";
import type { Stamp } from "./clock.ts";
import type { Incident, IncidentId } from "./incident.ts";
import type { ExitReason, Reason, SuppressReason } from "./reason.ts";
import type { Summary } from "./summary.ts";

export type OperatorAction = "start" | "stop" | "restart" | "recycle" | "clear";

/** `systemd`: its service manager was told to stop it. */
export type DesiredReason = "operator" | "systemd" | "finished" | "none";

export interface Pause {
  id: string;
  /** Undefined: everything. */
  worker?: string;
  reason: string;
  by: string;
  /** Unix seconds, by the clock at which it was made: what counts is how long from then. */
  untilWall: number;
}

export type Entry =
  /** A daemon took the journal over. */
  | { type: "daemon"; version: string; pid: number; bootId: string }
  /** The whole incident after a transition; written before the step that the new state stands for. */
  | { type: "incident"; incident: Incident }
  /** A notification that opened nothing. */
  | { type: "refused"; reason: SuppressReason; alertname: string; worker: string; host: string; source: string }
  /** A running incarnation that was not known before. `reason` is undefined for a worker's first. */
  | { type: "seen"; worker: string; incarnation: Incarnation; reason?: Reason }
  | {
      type: "exit";
      worker: string;
      incarnation: Incarnation;
      code?: number;
      reason: ExitReason;
      atWall: number;
      young: boolean;
      /** Somebody told its service manager to stop it. */
      byRequest?: boolean;
    }
  /** A start of ours that succeeded: what budgets and cooldowns count. */
  | { type: "start"; worker: string; incident: IncidentId; reason: Reason; urgent: boolean }
  /** Ended together with a foreground pitcrew: its next start is a first one. */
  | { type: "released"; worker: string }
  | { type: "desired"; worker: string; desired: "up" | "down"; reason: DesiredReason; by: string }
  | { type: "pause"; pause: Pause }
  | { type: "resume"; id: string; by: string }
  /** What a person asked for, also where it changed nothing or joined what was under way. */
  | { type: "order"; action: OperatorAction; worker: string; by: string; force: boolean }
  | { type: "quarantine"; worker: string; reason: Reason; incident: IncidentId; holds: "stopped" | "running" }
  | { type: "clear"; worker: string; by: string }
  /** The disk took the journal again; until then records waited in memory, and the oldest of too many were dropped. */
  | { type: "gap"; sinceWall: number; seconds: number; dropped: number }
  /** What records that were dropped add up to: ends a compacted journal. */
  | { type: "summary"; summary: Summary };

export interface JournalRecord {
  /** 1, 2, 3 … without a gap. */
  seq: number;
  at: Stamp;
  bootId: string;
  entry: Entry;
}

/**
 * What must outlive the machine waits for the disk before anyone is told that it is kept. Where nobody waits for an answer it is synced
 * right behind: a disk that takes seconds must not keep the next emergency waiting.
 */
export function mustOutliveMachine(entry: Entry): boolean {
  switch (entry.type) {
    case "desired":
    case "pause":
    case "resume":
    case "quarantine":
    case "clear":
    case "start":
      return true;
    case "incident":
      return entry.incident.source === "operator";
    case "daemon":
    case "refused":
    case "order":
    case "seen":
    case "exit":
    case "released":
    case "gap":
    case "summary":
      return false;
  }
}
