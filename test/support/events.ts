// Reads what the workers of test/support/leaky.py tell of themselves.
import { readFileSync } from "node:fs";

export interface WorkerEvent {
  what: "twin" | "start" | "term" | "end" | "exit" | "crossed" | "reader";
  pid: number;
  /** Unix seconds. */
  at: number;
}

export function readEvents(file: string): WorkerEvent[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return [];
  }
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [what, pid, at] = line.split(" ");
      return { what: what as WorkerEvent["what"], pid: Number(pid), at: Number(at) };
    });
}

export function eventsOf(file: string, what: WorkerEvent["what"]): WorkerEvent[] {
  return readEvents(file).filter((event) => event.what === what);
}
