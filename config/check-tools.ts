// The tools of Prometheus and Alertmanager check their own files better than we could; they are used where they are installed.
import { execFile } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

export interface ToolRun {
  tool: "promtool" | "amtool";
  arguments: readonly string[];
  /** What is being checked: a file, as it was named. */
  file: string;
}

export type ToolVerdict =
  | { kind: "good"; run: ToolRun }
  | { kind: "bad"; run: ToolRun; lines: readonly string[] }
  | { kind: "not_checked"; run: ToolRun; why: string };

const TIMEOUT_MS = 60_000;

export function toolRuns(files: {
  rules: readonly string[];
  prometheus: string | undefined;
  alertmanager: string | undefined;
}): ToolRun[] {
  const runs: ToolRun[] = files.rules.map((file) => ({ tool: "promtool", arguments: ["check", "rules", file], file }));
  const { prometheus, alertmanager } = files;
  if (prometheus !== undefined) {
    runs.push({ tool: "promtool", arguments: ["check", "config", prometheus], file: prometheus });
  }
  if (alertmanager !== undefined) {
    runs.push({ tool: "amtool", arguments: ["check-config", alertmanager], file: alertmanager });
  }
  return runs;
}

/** @param searchPath as in the environment variable PATH. */
export async function runTool(run: ToolRun, searchPath: string): Promise<ToolVerdict> {
  const program = findProgram(run.tool, searchPath);
  if (program === undefined) return { kind: "not_checked", run, why: `${run.tool} is not on PATH` };
  return new Promise((resolve) => {
    execFile(program, [...run.arguments], { timeout: TIMEOUT_MS }, (failure, stdout, stderr) => {
      if (failure === null) return resolve({ kind: "good", run });
      const lines = `${stdout}\n${stderr}`.split("\n").filter((line) => line.trim() !== "");
      resolve({ kind: "bad", run, lines: lines.length > 0 ? lines : [failure.message] });
    });
  });
}

function findProgram(name: string, searchPath: string): string | undefined {
  return searchPath
    .split(delimiter)
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
