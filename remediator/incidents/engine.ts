// The engine: takes intents in, looks at open incidents when something happens or a deadline passes, and carries out what `decide` says.
import { sameIncarnation } from "../../worker/incarnation.ts";
import type { Observation, WorkerReading } from "../../worker/reading.ts";
import type { WorkerSpec } from "../../worker/spec.ts";
import type { StartResult } from "../managers/manager.ts";
import { Alarm } from "./alarm.ts";
import { AwaitedEnds } from "./awaited-ends.ts";
import { decide } from "./decide.ts";
import { decideHost } from "./decide-host.ts";
import { setDesired } from "./desired-state.ts";
import type { EngineDeps } from "./engine-deps.ts";
import { execute } from "./execute.ts";
import { performHostStep } from "./execute-host.ts";
import { Follower } from "./follow.ts";
import type { GatherContext } from "./gather.ts";
import { gatherHost, gatherWorker, isCritical } from "./gather.ts";
import type { Hands } from "./hands.ts";
import type { Incident } from "./incident.ts";
import { isOpen, targetName, watchedLast } from "./incident.ts";
import { idSource } from "./incident-id.ts";
import type { Intent, Reception } from "./intent.ts";
import { JournalError } from "./journal.ts";
import type { Ledger } from "./ledger.ts";
import { startEnded } from "./start-ended.ts";
import { Store } from "./store.ts";
import { supervise } from "./supervise.ts";
import { takeIn } from "./take-in.ts";
import { Turns } from "./turns.ts";

export class Engine implements Hands {
  readonly deps: EngineDeps;
  readonly store: Store;
  readonly latest = new Map<string, WorkerReading>();
  readonly newId: () => string;
  readonly #follower: Follower;
  /** Workers to be read afresh at the next look. */
  readonly #toRead = new Set<string>();
  readonly #startedMono: number;
  readonly #groupStartedAt = new Map<string, number>();
  /** Incidents whose step is still being carried out. */
  readonly #busy = new Map<string, Promise<void>>();
  readonly #alarm: Alarm;
  readonly #ends: AwaitedEnds;
  readonly #turns = new Turns(() => this.#turn());
  #stopped = false;

  constructor(deps: EngineDeps, ledger: Ledger) {
    this.deps = deps;
    this.store = new Store(deps, ledger);
    this.#follower = new Follower(deps, ledger);
    this.#startedMono = deps.clock().mono;
    this.newId = idSource(() => deps.clock().wall);
    const now = () => deps.clock().mono;
    const look = () => this.look();
    this.#alarm = new Alarm(now, look);
    this.#ends = new AwaitedEnds((process) => deps.isAlive(process), now, look);
  }

  get ledger(): Ledger {
    return this.store.ledger;
  }

  /** Takes intents in: when this returns they are in the journal, and a look has been ordered. @throws JournalError */
  accept(intents: readonly Intent[]): Reception[] {
    const receptions = takeIn(this, intents);
    this.look();
    return receptions;
  }

  startedGroup(group: string): void {
    this.#groupStartedAt.set(group, this.deps.clock().mono);
  }

  startEnded(starting: Incident, spec: WorkerSpec, result: StartResult): void {
    this.wakeAt(startEnded(this.deps, this.store, starting, spec, result));
  }

  wakeAt(mono: number): void {
    if (!this.#stopped && Number.isFinite(mono)) this.#alarm.at(mono);
  }

  /** @param begunMono when the look began, in monotonic seconds */
  sawAll(observation: Observation, begunMono: number): void {
    for (const reading of observation.workers) this.saw(reading, begunMono);
  }

  /** Every reading passes here, whoever took it: incarnations are followed and supervision decides. */
  saw(reading: WorkerReading, begunMono: number): void {
    const worker = reading.spec.name;
    if (this.#isOutdated(reading, begunMono)) return;
    this.latest.set(worker, reading);
    const incident = this.ledger.openIncidentOf(worker);
    // Our own start says for itself what it has started.
    if (incident?.state === "starting" && this.#busy.has(incident.id)) return;
    const { entries, pending } = this.#follower.follow(reading, incident);
    this.store.commit(entries);
    if (pending) {
      this.#toRead.add(worker);
      this.wakeAt(this.deps.clock().mono + 0.1);
    }
    if (this.#stopped || this.ledger.openIncidentOf(worker) !== undefined) return;
    const running = reading.presence.kind === "up" ? reading.presence.incarnation : undefined;
    const owner = this.deps.manager(reading.spec).ownerView?.(reading.spec, running);
    const wanted = supervise(reading, this.ledger.worker(worker), this.deps.bootId, owner);
    try {
      if (wanted?.kind === "intent") this.accept([wanted.intent]);
      else if (wanted?.kind === "desired") setDesired(this, worker, wanted.desired, wanted.reason, wanted.by);
    } catch (cause) {
      // Supervision looks again at the next reading; a start that no journal knows of could become two.
      if (!(cause instanceof JournalError)) throw cause;
    }
  }

  /** Something happened to this worker: it is read in the next turn. */
  lookAtWorker(worker: string): void {
    this.#toRead.add(worker);
    this.look();
  }

  /** Orders a look at every open incident that something may have changed for; several orders become one. */
  look(): void {
    this.#turns.order();
  }

  /** Stops deciding, and waits for the steps under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#alarm.clear();
    this.#ends.clear();
    await this.#turns.stop();
    await Promise.all(this.#busy.values());
  }

  async #turn(): Promise<void> {
    const toRead = [...this.#toRead];
    // Whose incident is looked at is read by that.
    for (const worker of toRead) if (this.ledger.openIncidentOf(worker) === undefined) await this.#tryToRead(worker);
    for (const incident of watchedLast(this.ledger.openIncidents())) {
      if (this.#stopped) return;
      await this.#tryToLookAt(incident);
    }
    for (const worker of toRead) if (this.#toRead.has(worker)) await this.#tryToRead(worker);
  }

  /** @returns undefined: there is no such worker; "outdated": while it was read, more was learnt than it shows */
  async #read(worker: string): Promise<WorkerReading | "outdated" | undefined> {
    this.#toRead.delete(worker);
    const begun = this.deps.clock().mono;
    const reading = await this.deps.observeWorker(worker);
    if (reading === undefined) return undefined;
    if (this.#isOutdated(reading, begun)) return "outdated";
    this.saw(reading, begun);
    return reading;
  }

  async #tryToRead(worker: string): Promise<void> {
    try {
      await this.#read(worker);
    } catch (cause) {
      this.deps.log.error("a worker could not be looked at", { worker, error: String(cause) });
    }
  }

  async #tryToLookAt(listed: Incident): Promise<void> {
    const incident = this.store.current(listed);
    if (this.#busy.has(incident.id) || !isOpen(incident)) return;
    try {
      if (this.#isQuiet(incident)) return;
      if (incident.target.kind === "worker") await this.#lookAt(incident, incident.target.worker);
      else await this.#lookAtHost(incident);
    } catch (cause) {
      this.deps.log.error("an incident could not be looked at", {
        incident: incident.id,
        worker: targetName(incident.target),
        error: String(cause),
      });
      this.wakeAt(this.deps.clock().mono + this.deps.policy.lookAgainSeconds);
    }
  }

  async #lookAt(listed: Incident, worker: string): Promise<void> {
    const reading = await this.#read(worker);
    let present = this.store.current(listed);
    if (!isOpen(present)) return;
    if (reading === "outdated" || present !== listed) {
      // What has become known meanwhile may be more than this reading shows. Not in the same breath: time must pass.
      this.wakeAt(this.deps.clock().mono);
      return;
    }
    const facts = gatherWorker(this.#context(), present, worker, reading);
    let step = decide(present, facts, this.deps.policy);
    if (step.kind === "hold") {
      // Nothing that may be looked at changes by it: whether it may start is decided in the same breath.
      await execute(this, present, step, facts);
      present = this.store.current(present);
      step = decide(present, facts, this.deps.policy);
    }
    const lookAgainAt = facts.now.mono + this.deps.policy.lookAgainSeconds;
    this.wakeAt(lookAgainAt);
    const done = execute(this, present, step, facts)
      .catch((cause: unknown) => {
        this.deps.log.error("a step failed", { incident: present.id, step: step.kind, error: String(cause) });
        this.wakeAt(this.deps.clock().mono + 1);
      })
      .finally(() => {
        this.#busy.delete(present.id);
        if (!this.#stopped) this.#ends.add(this.store.current(present), step, facts.remains, lookAgainAt);
        // Nobody is in charge of it now: what it needs is seen at once, not at the next round.
        if (step.kind === "close") this.#toRead.add(worker);
        if (step.kind !== "wait") this.look();
      });
    this.#busy.set(present.id, done);
    // A stop command, a SIGKILL or a start may take seconds: other incidents are looked at meanwhile.
    if (step.kind !== "terminate" && step.kind !== "kill" && step.kind !== "start") await done;
  }

  /** Those that it waits for still live, and nothing has been heard that could change its mind: below the critical floor its grace is cut. */
  #isQuiet(incident: Incident): boolean {
    const until = this.#toRead.has(targetName(incident.target)) ? undefined : this.#ends.quietUntil(incident);
    if (until === undefined || isCritical(this.deps.observeSystem())) return false;
    this.wakeAt(until);
    return true;
  }

  async #lookAtHost(incident: Incident): Promise<void> {
    const facts = await gatherHost(this.#context(), incident);
    const present = this.store.current(incident);
    if (isOpen(present)) performHostStep(this, present, decideHost(present, facts, this.deps.policy), facts.now);
    this.wakeAt(facts.now.mono + this.deps.policy.lookAgainSeconds);
  }

  #context(): GatherContext {
    return {
      deps: this.deps,
      ledger: this.ledger,
      latest: this.latest,
      daemonStartedMono: this.#startedMono,
      groupStartedAt: this.#groupStartedAt,
    };
  }

  /** A look that began before the present process was known, and does not show it, shows what was before it. */
  #isOutdated(reading: WorkerReading, begunMono: number): boolean {
    const { incarnation, seenAt } = this.ledger.worker(reading.spec.name);
    const shown = reading.presence.kind === "up" ? reading.presence.incarnation : undefined;
    return seenAt !== undefined && begunMono < seenAt.mono && !sameIncarnation(shown, incarnation);
  }
}
