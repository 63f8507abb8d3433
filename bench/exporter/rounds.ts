// Rounds of all subjects, one after the other, so that what the machine does meanwhile falls on all of them alike.
import type { CpuClock } from "../measuring/dummies.ts";
import { median, quantile } from "../measuring/quantiles.ts";
import type { Subject } from "../measuring/subject.ts";

export interface Figures {
  /** Milliseconds of CPU per scrape, the median of the rounds. */
  cpuMs: number;
  p50Ms: number;
  p99Ms: number;
  bytes: number;
  series: number;
}

export interface RoundOptions {
  rounds: number;
  scrapesPerRound: number;
  headers?: Record<string, string>;
}

const UNMEASURED = 3;
/** For what a runtime does after its answer: garbage collection belongs to the scrape that made the garbage. */
const AFTERMATH_MS = 60;

export async function measureRounds(
  subjects: readonly Subject[],
  clock: CpuClock,
  { rounds, scrapesPerRound, headers = {} }: RoundOptions,
): Promise<Map<string, Figures>> {
  const seen = new Map(subjects.map(({ name }) => [name, { cpu: [] as number[], latency: [] as number[], body: "" }]));
  for (const subject of subjects) for (let i = 0; i < UNMEASURED; i++) await subject.scrape();
  for (let round = 0; round < rounds; round++) {
    for (const subject of subjects) {
      const notes = seen.get(subject.name);
      if (notes === undefined) continue;
      const before = await clock.used(subject.pid);
      for (let i = 0; i < scrapesPerRound; i++) {
        const { milliseconds, body } = await subject.scrape(headers);
        notes.latency.push(milliseconds);
        notes.body = body;
      }
      await new Promise((resolve) => setTimeout(resolve, AFTERMATH_MS));
      notes.cpu.push(((await clock.used(subject.pid)) - before) / scrapesPerRound);
    }
  }
  return new Map(
    [...seen].map(([name, { cpu, latency, body }]) => [
      name,
      {
        cpuMs: median(cpu),
        p50Ms: median(latency),
        p99Ms: quantile(latency, 0.99),
        bytes: body.length,
        series: body.split("\n").filter((line) => line !== "" && !line.startsWith("#")).length,
      },
    ]),
  );
}
