// What programs hold and use while they have nothing to do.
import type { CpuClock, Dummies } from "./dummies.ts";
import { bareNode, pitcrew } from "./programs.ts";
import { median } from "./quantiles.ts";
import { Subject, type SubjectPlan } from "./subject.ts";

export interface Bench {
  dummies: Dummies;
  clock: CpuClock;
  /** For configuration files and state. */
  folder: string;
  /** 1: as in the published table; less: fewer rounds. */
  effort: number;
}

/** MiB at rest, after 300 scrapes of 100 workers: the medians of rounds in which each program is started anew. */
export async function residentMemory(bench: Bench, peers: readonly SubjectPlan[] = []): Promise<Map<string, number>> {
  const crew = await bench.dummies.spawn(100, "leakworker");
  const { folder } = bench;
  const plans: SubjectPlan[] = [
    bareNode(),
    pitcrew({ folder, workers: 100 }),
    { ...pitcrew({ folder, workers: 100, command: "remediator" }), name: "pitcrew remediator" },
    { ...pitcrew({ folder, workers: 100, command: "up" }), name: "pitcrew up" },
    ...peers,
  ];
  const seen = new Map(plans.map(({ name }) => [name, [] as number[]]));
  try {
    for (let round = 0; round < Math.ceil(3 * bench.effort); round++) {
      for (const plan of plans) seen.get(plan.name)?.push(await scrapedMib(plan));
    }
  } finally {
    await crew.end();
  }
  return new Map([...seen].map(([name, values]) => [name, median(values)]));
}

async function scrapedMib(plan: SubjectPlan): Promise<number> {
  const { subject } = await Subject.start(plan);
  try {
    for (let i = 0; i < 300; i++) await subject.scrape();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    return subject.residentMib();
  } finally {
    await subject.end();
  }
}

/** Per cent of one core while nobody scrapes. */
export async function idle(bench: Bench): Promise<Map<string, number>> {
  const crew = await bench.dummies.spawn(2, "leakworker");
  const subjects: Subject[] = [];
  const seconds = Math.max(10, 60 * bench.effort);
  try {
    for (const command of ["exporter", "up"] as const) {
      const plan = pitcrew({ folder: bench.folder, workers: 2, command });
      subjects.push((await Subject.start({ ...plan, name: `pitcrew ${command}` })).subject);
    }
    // What a start leaves behind is not idling.
    await new Promise((resolve) => setTimeout(resolve, 5000));
    const before: number[] = [];
    for (const { pid } of subjects) before.push(await bench.clock.used(pid));
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    const seen = new Map<string, number>();
    for (const [index, { name, pid }] of subjects.entries())
      seen.set(name, ((await bench.clock.used(pid)) - (before[index] ?? 0)) / (seconds * 10));
    return seen;
  } finally {
    for (const subject of subjects) await subject.end();
    await crew.end();
  }
}
