// The table of cases that both brakes are held to.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const CASES_FILE = fileURLToPath(new URL("../../fixtures/brake-cases.json", import.meta.url));

export type Reading = number | null | [host: number | null, group: number | null];
export type Outcome = [outcome: string, streak: number, total: number];
export type Step = ["drain"] | ["fork"] | [time: number, available: Reading, ...Outcome];

export interface Case {
  n: string;
  limit?: number;
  total?: number;
  /** Seconds of the random wait at the limit; default none. */
  jitter?: number;
  s: Step[];
}

interface Table {
  defaults: { threshold: number; limit: number; reset: number; spacing: number };
  cases: Case[];
}

const table = JSON.parse(readFileSync(CASES_FILE, "utf8")) as Table;
export const CASES: readonly Case[] = table.cases;
export const DEFAULTS = table.defaults;

export function isCheck(step: Step): step is [number, Reading, ...Outcome] {
  return typeof step[0] === "number";
}

export function expectedOf({ s }: Case): Outcome[] {
  return s.filter(isCheck).map(([, , outcome, streak, total]) => [outcome, streak, total]);
}
