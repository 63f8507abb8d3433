// From the moment at which a worker is over its limit: until it is told to end, and until another process runs in its place.
import { join } from "node:path";
import type { Contestant, Running } from "./subjects.ts";
import { type Trial, trialsIn } from "./worker.ts";

export interface ReactionOptions {
  contestants: readonly Contestant[];
  /** Each on ports and with phases of its own. */
  deployments: number;
  /** Of every contestant in every deployment, at least. */
  trials: number;
  folder: string;
}

/** A monit that takes 11 s for each trial, with room to spare. */
const PATIENCE_MS_PER_TRIAL = 40_000;

export async function reactions(options: ReactionOptions): Promise<Map<string, Trial[]>> {
  const { contestants, deployments, trials, folder } = options;
  const seen = new Map(contestants.map(({ name }) => [name, [] as Trial[]]));
  for (let deployment = 1; deployment <= deployments; deployment++) {
    const running: Running[] = [];
    try {
      // One after the other: a program that starts takes the machine from those that are measured.
      for (const [index, contestant] of contestants.entries())
        running.push(await contestant.start(join(folder, `d${deployment}-${index}`)));
      const found = () => running.map(trialsOf);
      const deadline = performance.now() + 60_000 + trials * PATIENCE_MS_PER_TRIAL;
      while (found().some((those) => those.length < trials)) {
        if (performance.now() > deadline) throw new Error(`not enough trials: ${tally(contestants, found())}`);
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
      for (const [index, { name }] of contestants.entries()) seen.get(name)?.push(...(found()[index] ?? []));
      console.log(`  deployment ${deployment} of ${deployments}: trials ${tally(contestants, found())}`);
    } finally {
      await Promise.all(running.map((one) => one.end()));
    }
  }
  return seen;
}

function trialsOf({ events, isFirstOnly = false }: Running): Trial[] {
  return events.flatMap((file) => (isFirstOnly ? trialsIn(file).slice(0, 1) : trialsIn(file)));
}

function tally(contestants: readonly Contestant[], found: readonly (readonly Trial[])[]): string {
  return contestants.map(({ name }, index) => `${name} ${found[index]?.length ?? 0}`).join(", ");
}
