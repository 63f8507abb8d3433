// What is measured: each scenario starts its crowd and its subjects, and ends them.

import { type CpuClock, type Crew, type Dummies, spawnNodeWorkers } from "./dummies.ts";
import { bareNode, nodeExporter, pitcrew, processExporter } from "./plans.ts";
import { type Figures, measureRounds, median, type RoundOptions } from "./rounds.ts";
import { Subject, type SubjectPlan } from "./subject.ts";

export interface Bench {
  dummies: Dummies;
  clock: CpuClock;
  folder: string;
  binaries: { "process-exporter": string; "node-exporter": string };
  /** 1: as in the published table; less: fewer rounds. */
  effort: number;
}

export type Results = Map<string, Figures>;

export async function crowd(
  bench: Bench,
  { workers, strangers = 0, peers }: { workers: number; strangers?: number; peers: readonly SubjectPlan[] },
): Promise<Results> {
  const crews = [await bench.dummies.spawn(workers, "leakworker"), await bench.dummies.spawn(strangers, "stranger")];
  return measured(bench, crews, [pitcrew({ folder: bench.folder, workers }), ...peers], {
    rounds: 9,
    scrapesPerRound: 12,
  });
}

/** 50 Node processes: what a scrape costs when the workers are real programs, without and with their proportional memory. */
export async function realWorkers(bench: Bench, workers: number, smaps: boolean): Promise<Results> {
  const crews = [await spawnNodeWorkers(workers)];
  const extra = smaps ? "exporter: {proportional_memory: {interval: 0s}}\n" : "";
  const plans = [
    pitcrew({ folder: bench.folder, workers, cmdline: "leakworker --id=", extra }),
    processExporter(bench.binaries["process-exporter"], bench.folder, smaps),
  ];
  return measured(bench, crews, plans, { rounds: 9, scrapesPerRound: 12 });
}

async function measured(
  bench: Bench,
  crews: readonly Crew[],
  plans: readonly SubjectPlan[],
  options: RoundOptions,
): Promise<Results> {
  const subjects: Subject[] = [];
  try {
    for (const plan of plans) subjects.push((await Subject.start(plan)).subject);
    const rounds = Math.max(3, Math.round(options.rounds * bench.effort));
    return await measureRounds(subjects, bench.clock, { ...options, rounds });
  } finally {
    for (const subject of subjects) await subject.end();
    for (const crew of crews) await crew.end();
  }
}

/** MiB at rest, after 300 scrapes of 100 workers. */
export async function residentMemory(bench: Bench): Promise<Map<string, number>> {
  const crew = await bench.dummies.spawn(100, "leakworker");
  const seen = new Map<string, number>();
  const { folder } = bench;
  const plans: SubjectPlan[] = [
    bareNode(),
    pitcrew({ folder, workers: 100 }),
    { ...pitcrew({ folder, workers: 100, command: "remediator" }), name: "pitcrew remediator" },
    { ...pitcrew({ folder, workers: 100, command: "up" }), name: "pitcrew up" },
    nodeExporter(bench.binaries["node-exporter"], false),
    processExporter(bench.binaries["process-exporter"], folder, false),
  ];
  try {
    for (const plan of plans) {
      const { subject } = await Subject.start(plan);
      try {
        for (let i = 0; i < 300; i++) await subject.scrape();
        await new Promise((resolve) => setTimeout(resolve, 1000));
        seen.set(plan.name, subject.residentMib());
      } finally {
        await subject.end();
      }
    }
  } finally {
    await crew.end();
  }
  return seen;
}

/** Milliseconds from the start of the process to its first complete answer. */
export async function firstAnswer(bench: Bench): Promise<Map<string, number>> {
  const crew = await bench.dummies.spawn(10, "leakworker");
  const plans = [
    bareNode(),
    pitcrew({ folder: bench.folder, workers: 10 }),
    processExporter(bench.binaries["process-exporter"], bench.folder, false),
    nodeExporter(bench.binaries["node-exporter"], false),
  ];
  const seen = new Map(plans.map(({ name }) => [name, [] as number[]]));
  try {
    for (let round = 0; round < Math.max(5, Math.round(15 * bench.effort)); round++) {
      for (const plan of plans) {
        const { subject, firstAnswerMs } = await Subject.start(plan);
        seen.get(plan.name)?.push(firstAnswerMs);
        await subject.end();
      }
    }
  } finally {
    await crew.end();
  }
  return new Map([...seen].map(([name, values]) => [name, median(values)]));
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
