// While a worker is being stopped: whether any of its tree still lives is asked often and for little; the thorough look comes when none does.
import type { Incarnation } from "../../worker/incarnation.ts";
import type { Incident, IncidentId } from "./incident.ts";
import type { Step } from "./step.ts";

/** Nobody tells of the end of a process that is not our child, nor of what outlives a worker. */
const ASK_MS = 50;

interface Awaited {
  incident: Incident;
  members: readonly Incarnation[];
  untilMono: number;
}

export class AwaitedEnds {
  readonly #isAlive: (process: Incarnation) => boolean;
  readonly #now: () => number;
  readonly #onEnd: () => void;
  readonly #awaited = new Map<IncidentId, Awaited>();
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param now monotonic seconds
   * @param onEnd called when all of an incident's processes are gone
   */
  constructor(isAlive: (process: Incarnation) => boolean, now: () => number, onEnd: () => void) {
    this.#isAlive = isAlive;
    this.#now = now;
    this.#onEnd = onEnd;
  }

  /**
   * After a step. If the worker has been told to end, the end of its processes is what moves the incident, before `untilMono` nothing else
   * as a rule.
   */
  add(incident: Incident, step: Step, remains: readonly Incarnation[], untilMono: number): void {
    if (!waitsForEnds(incident, step)) return;
    const deadlines = [untilMono, incident.deadline ?? untilMono, step.kind === "wait" ? step.until : untilMono];
    this.#awaited.set(incident.id, {
      incident,
      members: remains.length > 0 ? remains : (incident.members ?? []),
      untilMono: Math.min(...deadlines),
    });
    this.#timer ??= setTimeout(() => this.#ask(), ASK_MS);
  }

  /** Monotonic seconds until which a look at this incident would show what the last one has shown; undefined: it may show something new. */
  quietUntil(incident: Incident): number | undefined {
    const awaited = this.#awaited.get(incident.id);
    if (awaited?.incident !== incident || !this.#isPending(awaited) || !this.#lives(awaited)) return undefined;
    // What joined a drain and has not cut it short may do so at any look.
    return incident.state === "draining" && incident.ladder !== "recycle" ? undefined : awaited.untilMono;
  }

  clear(): void {
    this.#awaited.clear();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #ask(): void {
    let hasEnded = false;
    for (const [id, awaited] of this.#awaited) {
      const isPending = this.#isPending(awaited);
      if (isPending && this.#lives(awaited)) continue;
      this.#awaited.delete(id);
      hasEnded ||= isPending;
    }
    this.#timer = this.#awaited.size > 0 ? setTimeout(() => this.#ask(), ASK_MS) : undefined;
    if (hasEnded) this.#onEnd();
  }

  /** Afterwards the deadline itself brings the look. */
  #isPending({ untilMono }: Awaited): boolean {
    return this.#now() < untilMono;
  }

  /** Who is dead stays dead, and is not asked again. */
  #lives(awaited: Awaited): boolean {
    const first = awaited.members.findIndex(this.#isAlive);
    awaited.members = first < 0 ? [] : awaited.members.slice(first);
    return first >= 0;
  }
}

/** What also waits for a slot is moved by the end of somebody else's processes, too. */
function waitsForEnds({ state, signalled }: Incident, step: Step): boolean {
  if (state === "draining") return step.kind !== "wait" || step.blocked === undefined;
  return (state === "terminating" || state === "killing") && signalled === true;
}
