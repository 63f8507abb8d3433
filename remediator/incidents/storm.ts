// A storm of renewals says that something is wrong with more than a worker: planned renewals wait until it is over.
import type { Renewal } from "./ledger.ts";

const WINDOW_SECONDS = 600;
/** More urgent renewals of the whole host within the window than this are a storm. */
const MOST_RENEWALS = 10;
/** In smaller groups one or two renewals are more than half, and nothing unusual. */
const SMALLEST_GROUP = 3;

/** @param groups group → its workers */
export function isStorm(
  renewals: readonly Renewal[],
  groups: ReadonlyMap<string, readonly string[]>,
  nowMono: number,
): boolean {
  const recent = renewals.filter((renewal) => renewal.urgent && renewal.at.mono > nowMono - WINDOW_SECONDS);
  if (recent.length > MOST_RENEWALS) return true;
  const renewed = new Set(recent.map(({ worker }) => worker));
  for (const workers of groups.values()) {
    const hit = workers.filter((worker) => renewed.has(worker)).length;
    if (workers.length >= SMALLEST_GROUP && hit * 2 > workers.length) return true;
  }
  return false;
}

export function groupsOf(workers: readonly { name: string; group: string }[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { name, group } of workers) groups.set(group, [...(groups.get(group) ?? []), name]);
  return groups;
}
