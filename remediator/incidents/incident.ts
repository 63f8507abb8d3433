// An incident: one target, one incarnation, one ladder, from the first intent to its end.
import type { Remediation } from "../../config/config.ts";
import type { Incarnation } from "../../worker/incarnation.ts";
import type { Stamp } from "./clock.ts";
import type { Reason, SuppressReason } from "./reason.ts";

export type IncidentId = string;

/** What an incident does: an alert's remediation, or an operator's stop. */
export type Ladder = Remediation | "stop";

export type IntentSource = "webhook" | "guard" | "operator" | "supervision";

export type Target = { kind: "worker"; worker: string } | { kind: "host" };

export const OPEN_STATES = [
  "open",
  "relieving",
  "draining",
  "terminating",
  "killing",
  "holding",
  "starting",
  "settling",
  "verifying",
] as const;
export type OpenState = (typeof OPEN_STATES)[number];

export const END_STATES = ["resolved", "expired", "superseded", "cancelled", "escalated"] as const;
export type EndState = (typeof END_STATES)[number];
export type IncidentState = OpenState | EndState;

export type ActionKind = "relieve" | "drain" | "terminate" | "kill" | "start";
export type ActionOutcome = "done" | "ineffective" | "failed" | "timed_out";

/** One line of an incident's story. */
export interface Happening {
  at: Stamp;
  /** For people: what was seen, decided or done, with its numbers. */
  text: string;
  action?: ActionKind;
  outcome?: ActionOutcome;
  /** Seconds from the beginning of the action to its outcome. */
  tookSeconds?: number;
}

/** Another alert about a process that is being verified: it is judged by a fresh reading before anything else happens. */
export interface Doubt {
  alertname: string;
  ladder: Ladder;
  reason: Reason;
  source: IntentSource;
  text: string;
}

export interface Incident {
  id: IncidentId;
  target: Target;
  ladder: Ladder;
  reason: Reason;
  source: IntentSource;
  alertname?: string;
  /** An operator's name, or the socket's peer. */
  by?: string;
  /** Skips cooldown and budget. */
  force?: boolean;
  state: IncidentState;
  /** Why it does not move on, while it does not. */
  blocked?: SuppressReason;
  /** The last suppress reason of an incident that ended without acting. */
  suppressed?: SuppressReason;
  /** The incarnation that was meant; undefined when the worker was down. */
  incarnation?: Incarnation;
  /** Its tree when the stop began: all of it must be gone before a start. */
  members?: readonly Incarnation[];
  /** The gentle signal has been sent to `incarnation`. */
  signalled?: boolean;
  startId?: string;
  /** Starts of this incident that failed, and when the last one did (monotonic seconds). */
  startAttempts?: number;
  startFailedAt?: number;
  replacement?: Incarnation;
  doubt?: Doubt;
  /** The incident of the worker that was chosen for this host incident. */
  victims?: readonly IncidentId[];
  /** Nobody's end would bring this host above its floor. */
  helpless?: boolean;
  openedAt: Stamp;
  changedAt: Stamp;
  /** Monotonic seconds at which the present state gives up or moves on. */
  deadline?: number;
  story: readonly Happening[];
}

const OPEN: ReadonlySet<string> = new Set(OPEN_STATES);

export function isOpen(incident: Incident): boolean {
  return OPEN.has(incident.state);
}

/** Terminations and starts hold a slot; draining and verifying do not. */
export function holdsSlot(incident: Incident): boolean {
  return incident.state === "terminating" || incident.state === "killing" || incident.state === "starting";
}

/** A worker that was renewed and is only watched comes last: nobody in need waits for it. */
export function watchedLast(incidents: readonly Incident[]): Incident[] {
  const isWatched = ({ state, target }: Incident) => state === "verifying" && target.kind === "worker";
  return [...incidents.filter((incident) => !isWatched(incident)), ...incidents.filter(isWatched)];
}

export function targetName(target: Target): string {
  return target.kind === "worker" ? target.worker : "(host)";
}

/** A story is for people: beyond this many lines the middle is dropped, first and last kept. */
const STORY_LINES = 60;

export function told(incident: Incident, happening: Happening): readonly Happening[] {
  const story = [...incident.story, happening];
  return story.length <= STORY_LINES ? story : [...story.slice(0, 10), ...story.slice(story.length - STORY_LINES + 10)];
}

/** How urgent a ladder is: a more urgent intent joins the open incident and takes it over. */
export function urgency(ladder: Ladder): number {
  switch (ladder) {
    case "relieve":
      return 0;
    case "recycle":
      return 1;
    case "start":
      return 2;
    case "restart":
    case "restart_largest":
      return 3;
    case "stop":
      return 4;
  }
}

/** The index of the first line that `before` did not have: a snapshot repeats its former story. */
export function newLines(before: Incident | undefined, after: Incident): number {
  if (before === undefined) return 0;
  const last = before.story.at(-1);
  if (last === undefined) return 0;
  for (let index = after.story.length - 1; index >= 0; index -= 1) {
    const line = after.story[index];
    if (line !== undefined && line.at.mono === last.at.mono && line.text === last.text) return index + 1;
  }
  return 0;
}
