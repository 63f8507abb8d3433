// Follows what readings show: which process a worker is now, how the one before it ended, and whether that asks for a start.
import { CLOCK_TICKS_PER_SECOND } from "../../worker/boot.ts";
import { type Incarnation, sameIncarnation } from "../../worker/incarnation.ts";
import type { WorkerReading } from "../../worker/reading.ts";
import type { ManagerSpec, WorkerSpec } from "../../worker/spec.ts";
import { unitOfWorker } from "../../worker/unit.ts";
import type { WorkerEnd } from "../managers/manager.ts";
import type { EngineDeps } from "./engine-deps.ts";
import type { Incident } from "./incident.ts";
import type { Entry } from "./journal-entry.ts";
import type { Ledger } from "./ledger.ts";
import { OomEvidence } from "./oom-evidence.ts";
import { track } from "./track.ts";

/** A shim writes the exit within milliseconds of the end, systemd tells it as soon; what is not known within this time never will be. */
const EXIT_KNOWN_SECONDS = 2;

export class Follower {
  readonly #deps: EngineDeps;
  readonly #ledger: Ledger;
  /** Workers that are gone while their exit is not yet written, since when. */
  readonly #goneSince = new Map<string, number>();
  readonly #oom: OomEvidence;

  constructor(deps: EngineDeps, ledger: Ledger) {
    this.#deps = deps;
    this.#ledger = ledger;
    this.#oom = new OomEvidence(() => deps.oomKills?.(), deps.clock);
  }

  /** @returns what to write down; `pending` when the exit record is still to come and the worker must be looked at again */
  follow(reading: WorkerReading, open: Incident | undefined): { entries: readonly Entry[]; pending: boolean } {
    const { name, manager } = reading.spec;
    const ledger = this.#ledger.worker(name);
    const known = ledger.ended ? undefined : ledger.incarnation;
    const now = this.#deps.clock();
    const readable = reading.presence.kind === "up" || reading.presence.kind === "down";
    const told =
      known === undefined || !readable ? undefined : this.#deps.manager(reading.spec).exitOf(reading.spec, known);
    const exit = told && known && this.#explained(reading.spec, known, told, open);
    if (reading.presence.kind === "up" && exit === undefined) this.#oom.sawAlive(name, reading.presence.incarnation);
    let pending = false;
    if (known !== undefined && exit === undefined && isGone(reading, known) && tellsExits(manager)) {
      const since = this.#goneSince.get(name) ?? now.mono;
      this.#goneSince.set(name, since);
      pending = now.mono - since < EXIT_KNOWN_SECONDS && known.bootId === this.#deps.bootId;
    } else this.#goneSince.delete(name);
    const entries = track({
      reading,
      ledger,
      open,
      exit,
      exitPending: pending,
      startedByItself: this.#startedByItself(reading, ledger.incarnation),
      bootId: this.#deps.bootId,
      nowWall: now.wall,
      uptimeSeconds: () => this.#deps.uptimeSeconds(),
      clockTicksPerSecond: CLOCK_TICKS_PER_SECOND,
    });
    return { entries, pending };
  }

  /** A SIGKILL of ours needs no explanation, and of its units systemd knows. */
  #explained(
    { name, manager }: WorkerSpec,
    process: Incarnation,
    end: WorkerEnd,
    open: Incident | undefined,
  ): WorkerEnd {
    if (open?.state === "killing" || unitOfWorker(manager) !== undefined) return end;
    return this.#oom.explains(name, process, end.code) ? { ...end, oomKill: true } : end;
  }

  #startedByItself({ presence, spec }: WorkerReading, known: Incarnation | undefined): boolean {
    if (presence.kind !== "up" || sameIncarnation(presence.incarnation, known)) return false;
    const owner = this.#deps.manager(spec).ownerView?.(spec, presence.incarnation);
    return owner?.kind === "running" && owner.byItself;
  }
}

/** systemd may have started the next process already; a shim never does before it has written the exit. */
function isGone({ presence, spec }: WorkerReading, known: Incarnation): boolean {
  if (presence.kind === "down") return true;
  const isUnit = unitOfWorker(spec.manager) !== undefined;
  return isUnit && presence.kind === "up" && !sameIncarnation(presence.incarnation, known);
}

function tellsExits(manager: ManagerSpec): boolean {
  return manager.kind === "supervised" || unitOfWorker(manager) !== undefined;
}
