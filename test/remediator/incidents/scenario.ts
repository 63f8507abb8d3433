// What the tests of whole incidents have in common: a machine that has settled, and how its history reads.
import { afterEach, beforeEach, vi } from "vitest";
import type { OperatorAction } from "../../../remediator/incidents/operator.ts";
import { operate } from "../../../remediator/incidents/operator.ts";
import { MIB, ROOMY, type SpecLiteral, spec } from "./builders.ts";
import { pass, useFakeTime, World, type WorldOptions } from "./world.ts";

export const OVER_LIMIT = { alertname: "PitcrewWorkerMemoryOverLimit", remediation: "restart", reason: "memory_limit" };

/** Call at the top of a file: each of its tests moves the time itself. */
export function timeIsFake(): void {
  beforeEach(useFakeTime);
  afterEach(() => {
    vi.useRealTimers();
  });
}

/** Every worker runs, and its start is verified. */
export async function worldOf(
  specs: readonly SpecLiteral[] = [{}],
  options: Partial<WorldOptions> = {},
): Promise<World> {
  const world = new World({ specs: specs.map(spec), ...options });
  await world.startDaemon();
  await pass(15);
  return world;
}

/** A world in which only webhooks speak: no guard. */
export function quiet(): Partial<WorldOptions> {
  const guard = { when: "never", heartbeatTimeoutSeconds: 180, intervalSeconds: 2, rules: [] } as const;
  return { remediator: { guard } };
}

export function stories(world: World, worker = "w"): string[] {
  return [...world.engine.ledger.incidents.values()]
    .filter(({ target }) => target.kind === "worker" && target.worker === worker)
    .map(({ ladder, state, suppressed }) =>
      [ladder, state, ...(suppressed === undefined ? [] : [suppressed])].join(" "),
    );
}

export function order(world: World, action: OperatorAction, worker = "w", force = false) {
  return operate(world.engine, { action, worker, by: "ann", force });
}

/** So many mebibytes are available; the floors are 800 and 400. */
export function low(mib: number) {
  return { ...ROOMY, memoryAvailableBytes: mib * MIB };
}
