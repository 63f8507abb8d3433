// The age limit, jittered: workers that started together must not all be renewed together.
import { createHash } from "node:crypto";
import { type Incarnation, incarnationKey } from "./incarnation.ts";
import type { Limits } from "./spec.ts";

/**
 * Between `ageSeconds * (1 - ageJitter)` and `ageSeconds * (1 + ageJitter)`: the same for everyone who asks about this incarnation, another
 * one for the next. Undefined without an age limit.
 */
export function maxAgeSeconds(
  { ageSeconds, ageJitter }: Pick<Limits, "ageSeconds" | "ageJitter">,
  worker: string,
  incarnation: Incarnation,
): number | undefined {
  if (ageSeconds === undefined) return undefined;
  return ageSeconds * (1 + ageJitter * (2 * unitHash(`${worker}\n${incarnationKey(incarnation)}`) - 1));
}

/** 0 … 1, evenly. */
function unitHash(text: string): number {
  return createHash("sha256").update(text).digest().readUInt32BE(0) / 0xffff_ffff;
}
