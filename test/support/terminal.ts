// A program in a terminal of its own, as a user has it: it may be closed.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { onTestFinished } from "vitest";

export interface Terminal {
  /** Everything that the program has shown so far; in the end, "ended with" its exit code (or minus its signal). */
  shown(): string;
  close(): void;
  /** Resolves when the program has ended. */
  ended: Promise<unknown>;
}

/** It has no size, as some have none. */
export function openTerminal(argv: readonly string[], env: NodeJS.ProcessEnv = process.env): Terminal {
  const terminal = spawn("python3", [join(import.meta.dirname, "terminal.py"), ...argv], {
    stdio: ["pipe", "pipe", "inherit"],
    env,
  });
  let shown = "";
  terminal.stdout.setEncoding("utf8").on("data", (text: string) => {
    shown += text;
  });
  const close = () => void terminal.stdin.end();
  onTestFinished(close);
  return { shown: () => shown, close, ended: once(terminal, "close") };
}
