// Runs a command-line tool to its end: promtool, amtool, our own scripts.
import { spawn } from "node:child_process";

export interface ToolResult {
  /** null: ended by a signal. */
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface ToolOptions {
  stdin?: string;
  cwd?: string;
  /** The whole environment; by default our own. */
  env?: NodeJS.ProcessEnv;
}

/** @throws if the program cannot be started. */
export function runTool(command: string, args: readonly string[], options: ToolOptions = {}): Promise<ToolResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: options.cwd, env: options.env ?? process.env });
    const result: ToolResult = { code: null, stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      result.stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      result.stderr += text;
    });
    child.once("error", reject);
    child.once("close", (code) => resolve({ ...result, code }));
    // A tool that does not read its input closes the pipe early; its exit code tells whether that was a failure.
    child.stdin.on("error", () => {}).end(options.stdin ?? "");
  });
}
