// The record that a worker's emergency brake writes into its own corner of the run directory (workers/<worker>/brake).
import { type Incarnation, sameIncarnation } from "../incarnation.ts";
import { readStrictly, type StrictRead } from "./read-strictly.ts";
import {
  countField,
  incarnationFields,
  incarnationJson,
  type JsonObject,
  secondsField,
  textField,
} from "./record-fields.ts";
import { brakeRecordPath } from "./run-directory.ts";
import { type WriteOptions, writeAtomically } from "./write-atomically.ts";

export interface BrakeRecord {
  version: 1;
  worker: string;
  incarnation: Incarnation;
  brakesTotal: number;
  consecutiveBrakes: number;
  limit: number;
  /** Unix seconds. */
  lastBrakeSeconds: number | undefined;
  handles: readonly ("relief" | "drain")[];
  ending: { reason: string; atSeconds: number } | undefined;
  /** Its last relief: by which request, if pitcrew asked for it, and what the worker itself says came of it. */
  lastRelief?: { atSeconds: number; request: string | undefined; freedBytes: number | undefined } | undefined;
}

/** What a record also tells people and tools; pitcrew itself does not act on it. */
export interface BrakeDetails {
  availableBytes: number | undefined;
  thresholdBytes: number;
  updatedSeconds: number;
}

/**
 * The worker may write anything here, so it is believed only about itself.
 * @param owners the worker's user, root, and our own: user ids that may own the file.
 */
export function readBrakeRecord(
  runDirectory: string,
  worker: string,
  owners?: readonly number[],
): StrictRead<BrakeRecord> {
  return readStrictly(brakeRecordPath(runDirectory, worker), { owners, parse: (object) => parseBrake(object, worker) });
}

/** The streak, if a member of the present tree wrote the record; a former incarnation's streak ended with it. */
export function brakeStreak(record: BrakeRecord, members: readonly Incarnation[]): number {
  const isPresent = members.some((member) => sameIncarnation(member, record.incarnation));
  return isPresent ? record.consecutiveBrakes : 0;
}

export function writeBrakeRecord(
  runDirectory: string,
  record: BrakeRecord & Partial<BrakeDetails>,
  options?: WriteOptions,
): void {
  const { ending, lastRelief: relief } = record;
  const json = {
    version: 1,
    worker: record.worker,
    ...incarnationJson(record.incarnation),
    brakes_total: record.brakesTotal,
    consecutive_brakes: record.consecutiveBrakes,
    limit: record.limit,
    last_brake: record.lastBrakeSeconds ?? null,
    available_bytes: record.availableBytes ?? null,
    threshold_bytes: record.thresholdBytes ?? null,
    last_relief:
      relief === undefined
        ? null
        : { at: relief.atSeconds, request: relief.request ?? null, freed_bytes: relief.freedBytes ?? null },
    handles: record.handles,
    ending: ending === undefined ? null : { reason: ending.reason, at: ending.atSeconds },
    updated: record.updatedSeconds ?? null,
  };
  writeAtomically(brakeRecordPath(runDirectory, record.worker), `${JSON.stringify(json)}\n`, options);
}

function parseBrake(object: JsonObject, worker: string): BrakeRecord | undefined {
  const incarnation = incarnationFields(object);
  const brakesTotal = countField(object.brakes_total);
  const consecutiveBrakes = countField(object.consecutive_brakes);
  const limit = countField(object.limit);
  const lastBrakeSeconds = object.last_brake === null ? undefined : secondsField(object.last_brake);
  const handles = parseHandles(object.handles);
  const ending = parseEnding(object.ending);
  const lastRelief = parseRelief(object.last_relief);
  if (object.worker !== worker || incarnation === undefined) return undefined;
  if (brakesTotal === undefined || consecutiveBrakes === undefined || limit === undefined) return undefined;
  if (lastBrakeSeconds === undefined && object.last_brake !== null) return undefined;
  if (handles === undefined || ending === "malformed" || lastRelief === "malformed") return undefined;
  const counts = { brakesTotal, consecutiveBrakes, limit, lastBrakeSeconds };
  return { version: 1, worker, incarnation, ...counts, handles, ending, lastRelief };
}

/** Handles that this version does not know are left out: a newer library may offer more. */
function parseHandles(value: unknown): ("relief" | "drain")[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return (["relief", "drain"] as const).filter((handle) => value.includes(handle));
}

function parseEnding(value: unknown): BrakeRecord["ending"] | "malformed" {
  if (value === null || value === undefined) return undefined;
  if (typeof value !== "object" || !("reason" in value) || !("at" in value)) return "malformed";
  const reason = textField(value.reason);
  const atSeconds = secondsField(value.at);
  return reason === undefined || atSeconds === undefined ? "malformed" : { reason, atSeconds };
}

/** A relief that its script asked for itself has no request. Memory may have grown meanwhile: then it freed less than nothing. */
function parseRelief(value: unknown): BrakeRecord["lastRelief"] | "malformed" {
  if (value === null || value === undefined) return undefined;
  if (typeof value !== "object" || !("at" in value)) return "malformed";
  const { request, freed_bytes: freed } = value as { request?: unknown; freed_bytes?: unknown };
  const atSeconds = secondsField(value.at);
  if (atSeconds === undefined) return "malformed";
  const freedBytes = typeof freed === "number" && Number.isSafeInteger(freed) ? freed : undefined;
  return { atSeconds, request: textField(request), freedBytes };
}
