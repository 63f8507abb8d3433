// The fields that records have in common, checked one by one: JSON says nothing about types.
import type { Incarnation } from "../incarnation.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

export function countField(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/** Unix seconds, with fractions or without. */
export function secondsField(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;
}

export function textField(value: unknown, maxLength = 200): string | undefined {
  return typeof value === "string" && value.length <= maxLength ? value : undefined;
}

/** `pid`, `start_ticks`, `boot_id`. */
export function incarnationFields(object: JsonObject): Incarnation | undefined {
  const pid = countField(object.pid);
  const startTicks = countField(object.start_ticks);
  const bootId = textField(object.boot_id);
  if (pid === undefined || pid === 0 || startTicks === undefined || bootId === undefined || bootId === "")
    return undefined;
  return { bootId, pid, startTicks };
}

export function incarnationJson({ pid, startTicks, bootId }: Incarnation): Record<string, unknown> {
  return { pid, start_ticks: startTicks, boot_id: bootId };
}
