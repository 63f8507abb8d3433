// The table of workers that `status` and the terminal view show: 80 columns, aligned, coloured by severity.
import { styleText } from "node:util";
import type { StatusView, WorkerView } from "../api/views.ts";
import { bytes, seconds } from "../incidents/phrases.ts";

const BAR_CELLS = 10;

interface Row {
  cells: readonly string[];
  colour: "red" | "yellow" | "green" | "dim";
}

/** @param colour plain text otherwise: for pipes */
export function workerTable(status: StatusView, colour: boolean): string[] {
  const rows = status.workers.map(rowOf);
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
  return [style("bold", line(head)), ...rows.map((row) => style(row.colour, line(row.cells)))];
}

function rowOf(worker: WorkerView): Row {
  return {
    cells: [cut(worker.worker, 24), stateOf(worker), memoryOf(worker), ageOf(worker), restartsOf(worker)],
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

function memoryOf(worker: WorkerView): string {
  const { memory_bytes: memory, memory_limit_bytes: limit } = worker;
  if (memory === null) return limit === null ? "-" : `- of ${bytes(limit)}`;
  if (limit === null) return bytes(memory);
  return `${bar(memory / limit)} ${bytes(memory)} of ${bytes(limit)}`;
}

function fractionOf(worker: WorkerView): number | undefined {
  const { memory_bytes: memory, memory_limit_bytes: limit } = worker;
  return memory === null || limit === null ? undefined : memory / limit;
}

function bar(fraction: number): string {
  const full = Math.max(0, Math.min(BAR_CELLS, Math.round(fraction * BAR_CELLS)));
  return "█".repeat(full) + "░".repeat(BAR_CELLS - full);
}

function ageOf(worker: WorkerView): string {
  if (worker.age_seconds === null) return "-";
  return worker.max_age_seconds === null
    ? seconds(worker.age_seconds)
    : `${seconds(worker.age_seconds)} of ${seconds(worker.max_age_seconds)}`;
}

function restartsOf(worker: WorkerView): string {
  const entries = Object.entries(worker.restarts);
  if (entries.length === 0) return "0";
  return entries.map(([reason, count]) => `${count} ${reason}`).join(", ");
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
