// The end of a benchmark: its table on the terminal, and a file with all figures and where they were measured.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { machine, sentenceOn } from "./machine.ts";
import { PROJECT } from "./programs.ts";
import { writeToReadme } from "./readme.ts";
import { type Row, table } from "./table.ts";

/** Programs and results of all benchmarks. */
export const BENCH_CACHE = join(PROJECT, ".cache", "bench");

export interface Results {
  rows: readonly Row[];
  measured: unknown;
  /** name → path: each is asked for its version. */
  programs: Readonly<Record<string, string>>;
}

/** @param introduction with it, the table is also put where README.md has its place for it */
export function publish(name: string, { rows, measured, programs }: Results, introduction?: string): void {
  const where = machine(programs);
  const file = join(BENCH_CACHE, `${name}.json`);
  mkdirSync(BENCH_CACHE, { recursive: true });
  writeFileSync(file, `${JSON.stringify({ machine: where, rows, measured }, undefined, 2)}\n`);
  console.log(`\n${table(rows)}\n\n${JSON.stringify(where)}\nwritten to ${file}`);
  if (introduction !== undefined) writeToReadme(name, `${introduction}\n\n${table(rows)}\n\n${sentenceOn(where)}`);
}
