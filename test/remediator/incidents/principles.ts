// The engine against the principles: whatever happens, never two copies, one act per process, nobody's stop undone, everybody's worker up.
import fc from "fast-check";
import { expect } from "vitest";
import { incarnationKey } from "../../../worker/incarnation.ts";
import { command, type SpecLiteral, spec, supervised } from "./builders.ts";
import { anyDeed, type Deed, NAMES } from "./deeds.ts";
import { Model, memoryLimits } from "./model.ts";
import { flush, pass, useFakeTime, World } from "./world.ts";

/** Ten thousand in all; more by command, see CONTRIBUTING.md. */
export const RUNS_PER_FILE = Number(process.env.PITCREW_MODEL_RUNS ?? 10_000) / 2;

export function seedOf(file: 0 | 1): number {
  return Number(process.env.PITCREW_MODEL_SEED ?? 20260215) + file;
}

const COMMON: SpecLiteral = {
  limits: memoryLimits(),
  cooldownSeconds: 1,
  budget: { starts: 4, windowSeconds: 60 },
  startIntervalSeconds: 0.1,
  stop: { drainSeconds: 5, graceSeconds: 2 },
};

async function machine(): Promise<World> {
  const guard = { when: "always", heartbeatTimeoutSeconds: 180, intervalSeconds: 5, rules: [] } as const;
  const world = new World({
    specs: [
      spec({ ...COMMON, name: "a", group: "g", manager: supervised("on-failure") }),
      spec({ ...COMMON, name: "b", group: "g", manager: supervised("always") }),
      spec({ ...COMMON, name: "cmd", group: "cmd", manager: command(true) }),
    ],
    remediator: { guard, verifySeconds: 3, budget: { starts: 8, windowSeconds: 60 }, minHealthy: new Map([["g", 1]]) },
  });
  await world.startDaemon();
  await pass(4);
  return world;
}

/** Call inside of a test that has called `timeIsFake`. @param numRuns machines, of 1 … 25 things that happen to each */
export async function holdPrinciples(numRuns: number, seed: number): Promise<void> {
  const property = fc.asyncProperty(fc.array(anyDeed, { minLength: 1, maxLength: 25 }), async (deeds) => {
    useFakeTime();
    const world = await machine();
    const model = new Model(world);
    for (const deed of deeds) {
      await model.perform(deed);
      await flush();
    }
    await model.calmDown();
    expect(world.violations).toEqual([]);
    for (const name of NAMES) {
      const { desired, desiredReason } = world.engine.ledger.worker(name);
      const expected = desired === "up" ? 1 : 0;
      if (model.isStopped(name))
        expect({ name, desired, desiredReason }).toEqual({ name, desired: "down", desiredReason: "operator" });
      expect({ name, copies: world.worker(name).copies }).toEqual({ name, copies: expected });
    }
    if (!everFull(deeds)) expect(actedOnTwice(world)).toEqual([]);
    world.crash();
  });
  await fc.assert(property, {
    numRuns,
    seed,
    endOnFailure: process.env.CI !== undefined,
  });
}

/** What was done from memory, while the disk was full, is on no record. */
function everFull(deeds: readonly Deed[]): boolean {
  return deeds.some((deed) => deed.do === "disk" && deed.full);
}

function actedOnTwice(world: World): string[] {
  const acted = new Map<string, Set<string>>();
  for (const { entry } of world.records) {
    if (entry.type !== "incident" || entry.incident.incarnation === undefined) continue;
    const { id, incarnation, ladder, state } = entry.incident;
    if ((state !== "terminating" && state !== "killing") || ladder === "stop") continue;
    const key = incarnationKey(incarnation);
    acted.set(key, (acted.get(key) ?? new Set()).add(id));
  }
  return [...acted].flatMap(([key, { size }]) => (size > 1 ? [key] : []));
}
