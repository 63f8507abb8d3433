// The table of workers that `status` and the terminal view show: aligned, coloured by severity, as rich as the terminal is wide.
import { styleText } from "node:util";
import type { StatusView, WorkerView } from "../api/views.ts";
import { bytes, seconds } from "../incidents/phrases.ts";

interface Row {
  cells: readonly string[];
  colour: "red" | "yellow" | "green" | "dim";
}

/** How it is shown. Without a width (a pipe, a file) nothing is left out. */
export interface Look {
  colour: boolean;
  width?: number | undefined;
}

/** What a row has room for. */
interface Detail {
  nameLength: number;
  barCells: number;
  /** Restarts by reason, not only their number. */
  reasons: boolean;
}

/** From the richest to the barest: the first that fits is taken. */
const DETAILS: readonly Detail[] = [
  { nameLength: 24, barCells: 10, reasons: true },
  { nameLength: 24, barCells: 10, reasons: false },
  { nameLength: 24, barCells: 5, reasons: false },
  { nameLength: 24, barCells: 0, reasons: false },
  { nameLength: 12, barCells: 0, reasons: false },
];

export function workerTable(status: StatusView, { colour, width = Number.POSITIVE_INFINITY }: Look): string[] {
  let barest: readonly string[] = [];
  for (const detail of DETAILS) {
    const { lines, columns } = tableOf(status.workers, detail, colour);
    if (columns <= width) return lines;
    barest = lines;
  }
  return [...barest];
}

function tableOf(
  workers: readonly WorkerView[],
  detail: Detail,
  colour: boolean,
): { lines: string[]; columns: number } {
  const rows = workers.map((worker) => rowOf(worker, detail));
  const head = ["WORKER", "STATE", "MEMORY", "AGE", "RESTARTS"];
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row.cells[column] ?? "").length)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  const style = (format: Row["colour"] | "bold", text: string) =>
    colour ? styleText(format, text, { validateStream: false }) : text;
  return {
    lines: [style("bold", line(head)), ...rows.map((row) => style(row.colour, line(row.cells)))],
    columns: Math.max(...[head, ...rows.map(({ cells }) => cells)].map((cells) => line(cells).length)),
  };
}

function rowOf(worker: WorkerView, { nameLength, barCells, reasons }: Detail): Row {
  return {
    cells: [
      cut(worker.worker, nameLength),
      stateOf(worker),
      memoryOf(worker, barCells),
      ageOf(worker),
      restartsOf(worker, reasons),
    ],
    colour: severityOf(worker),
  };
}

export function stateOf(worker: WorkerView): string {
  const { incident } = worker;
  if (worker.quarantined) return "quarantined";
  if (incident !== null && incident.state !== "verifying" && incident.state !== "open") return incident.state;
  if (worker.state === "down")
    return worker.desired === "down" ? (worker.desired_reason === "finished" ? "finished" : "stopped") : "down";
  if (worker.state === "up")
    return worker.paused ? "up, paused" : incident?.state === "verifying" ? "up, verifying" : "up";
  return worker.state;
}

function severityOf(worker: WorkerView): Row["colour"] {
  const fraction = fractionOf(worker);
  if (worker.quarantined || (worker.state === "down" && worker.desired === "up") || (fraction ?? 0) > 1) return "red";
  if (worker.state !== "up" && worker.desired === "up") return "yellow";
  if (worker.state === "down") return "dim";
  return worker.incident !== null || (fraction ?? 0) > 0.8 ? "yellow" : "green";
}

function memoryOf(worker: WorkerView, barCells: number): string {
  const { memory_bytes: memory, memory_limit_bytes: limit } = worker;
  if (memory === null) return limit === null ? "-" : `- of ${bytes(limit)}`;
  if (limit === null) return bytes(memory);
  return `${bar(memory / limit, barCells)}${bytes(memory)} of ${bytes(limit)}`;
}

function fractionOf(worker: WorkerView): number | undefined {
  const { memory_bytes: memory, memory_limit_bytes: limit } = worker;
  return memory === null || limit === null ? undefined : memory / limit;
}

function bar(fraction: number, cells: number): string {
  if (cells === 0) return "";
  const full = Math.max(0, Math.min(cells, Math.round(fraction * cells)));
  return `${"█".repeat(full)}${"░".repeat(cells - full)} `;
}

function ageOf(worker: WorkerView): string {
  if (worker.age_seconds === null) return "-";
  return worker.max_age_seconds === null
    ? seconds(worker.age_seconds)
    : `${seconds(worker.age_seconds)} of ${seconds(worker.max_age_seconds)}`;
}

function restartsOf(worker: WorkerView, reasons: boolean): string {
  const entries = Object.entries(worker.restarts);
  if (entries.length === 0 || !reasons) return String(entries.reduce((sum, [, count]) => sum + count, 0));
  return entries.map(([reason, count]) => `${count} ${reason}`).join(", ");
}

/** The middle goes: names of a group differ at their end. */
function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  const tail = Math.floor((length - 1) / 3);
  return `${text.slice(0, length - 1 - tail)}…${text.slice(-tail)}`;
}
