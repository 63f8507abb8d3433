// What is measured: each scenario starts its crowd and its subjects, and ends them.

import { type Crew, spawnNodeWorkers } from "../measuring/dummies.ts";
import { bareNode, pitcrew } from "../measuring/programs.ts";
import { median } from "../measuring/quantiles.ts";
import type { Bench as MeasuringBench } from "../measuring/resting.ts";
import { Subject, type SubjectPlan } from "../measuring/subject.ts";
import { nodeExporter, processExporter } from "./plans.ts";
import { type Figures, measureRounds, type RoundOptions } from "./rounds.ts";

export interface Bench extends MeasuringBench {
  binaries: { "process-exporter": string; "node-exporter": string };
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
