// What this process is to pitcrew: its record, the requests to it, whether it is leaving. Only the worker itself writes the record and
// leaves with 42, never a child or a thread of it.
import { mkdirSync, type Stats, statSync } from "node:fs";
import { isMainThread } from "node:worker_threads";
import { type BrakeDetails, type BrakeRecord, readBrakeRecord, writeBrakeRecord } from "../files/brake-record.ts";
import { type RequestRecord, readRequestRecord } from "../files/request-record.ts";
import { brakeDirectory, requestRecordPath } from "../files/run-directory.ts";
import { identify, isAlive } from "../identify.ts";
import { type Incarnation, sameIncarnation } from "../incarnation.ts";
import { isWorkerName } from "../name.ts";
import { errorCode } from "../proc/read-text.ts";

/** Inherited by every child: the process that the brake belongs to, as `pid:start ticks:its corner`. Python's brake has the same. */
const MARKER = "PITCREW_BRAKE_OWNER";
/** Of what was last seen of requests: pitcrew waits for seconds, and a script may check a hundred thousand times in one. */
const REQUESTS_AGE_SECONDS = 0.02;

export interface Place {
  worker: string;
  runDirectory: string;
}

export class Seat {
  readonly isOwner: boolean;
  brakesTotal = 0;
  lastBrakeSeconds: number | undefined;
  lastRelief: BrakeRecord["lastRelief"];
  isDraining = false;
  isLeaving = false;
  readonly #place: Place | undefined;
  readonly #self: Incarnation | undefined;
  readonly #say: (line: string) => void;
  #lookedSeconds = Number.NEGATIVE_INFINITY;
  #seen: Stats | undefined;
  #answered: string | undefined;
  #hasWarned = false;

  constructor(place: Partial<Place>, say: (line: string) => void) {
    const { worker, runDirectory } = place;
    this.#say = say;
    this.#self = identify(process.pid);
    if (worker !== undefined && runDirectory !== undefined && runDirectory !== "" && isWorkerName(worker))
      this.#place = { worker, runDirectory };
    const former = this.#place && readBrakeRecord(this.#place.runDirectory, this.#place.worker);
    const record = former?.kind === "ok" ? former.value : undefined;
    this.isOwner = isMainThread && !this.#isChildOfAnother(record);
    if (!this.isOwner || this.#self === undefined) return;
    process.env[MARKER] = `${this.#self.pid}:${this.#self.startTicks}:${this.#corner}`;
    this.brakesTotal = record?.brakesTotal ?? 0;
    this.lastBrakeSeconds = record?.lastBrakeSeconds;
  }

  /** A full disk or a directory that is not writable never ends a worker: it is told of once. */
  write(fields: Pick<BrakeRecord, "consecutiveBrakes" | "limit" | "ending"> & Partial<BrakeDetails>): void {
    if (!this.isOwner || this.#place === undefined || this.#self === undefined) return;
    const { worker, runDirectory } = this.#place;
    try {
      mkdirSync(brakeDirectory(runDirectory, worker), { recursive: true });
      writeBrakeRecord(runDirectory, {
        version: 1,
        worker,
        incarnation: this.#self,
        brakesTotal: this.brakesTotal,
        lastBrakeSeconds: this.lastBrakeSeconds,
        handles: ["relief", "drain"],
        lastRelief: this.lastRelief,
        updatedSeconds: Date.now() / 1000,
        ...fields,
      });
    } catch (error) {
      if (!this.#hasWarned)
        this.#say(`pitcrew: the brake's record cannot be written (${errorCode(error)}); the worker goes on without it`);
      this.#hasWarned = true;
    }
  }

  /** A request to this very process that has not been answered yet. Looked for every so often, by one stat; `now`: seconds. */
  request(now: number): RequestRecord | undefined {
    if (!this.isOwner || this.#place === undefined || Math.abs(now - this.#lookedSeconds) < REQUESTS_AGE_SECONDS)
      return undefined;
    this.#lookedSeconds = now;
    const { worker, runDirectory } = this.#place;
    const stats = statOf(requestRecordPath(runDirectory, worker));
    if (stats === undefined) return undefined;
    const seen = this.#seen;
    if (seen?.ino === stats.ino && seen.mtimeMs === stats.mtimeMs && seen.size === stats.size) return undefined;
    this.#seen = stats;
    const read = readRequestRecord(runDirectory, worker);
    if (read.kind !== "ok" || !sameIncarnation(read.value.incarnation, this.#self)) return undefined;
    if (read.value.id === this.#answered) return undefined;
    this.#answered = read.value.id;
    return read.value;
  }

  get #corner(): string {
    return this.#place === undefined ? "" : brakeDirectory(this.#place.runDirectory, this.#place.worker);
  }

  /** The record tells it even where the environment was not passed on. */
  #isChildOfAnother(record: BrakeRecord | undefined): boolean {
    const [pid, startTicks, ...corner] = (process.env[MARKER] ?? "").split(":");
    const bootId = this.#self?.bootId ?? "";
    const marked: Incarnation = { bootId, pid: Number(pid), startTicks: Number(startTicks) };
    if (corner.join(":") === this.#corner && this.#isAnother(marked)) return true;
    return record !== undefined && this.#isAnother(record.incarnation);
  }

  #isAnother(incarnation: Incarnation): boolean {
    return !sameIncarnation(incarnation, this.#self) && isAlive(incarnation);
  }
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
