// Real processes for tests: a Python script that tells the pids of all it starts, so that all of them can be ended again.
import { type ChildProcess, spawn } from "node:child_process";
import { onTestFinished } from "vitest";
import { identify, isAlive } from "../../worker/identify.ts";
import type { Incarnation } from "../../worker/incarnation.ts";
import { treeOf } from "../../worker/process-tree.ts";
import { signalIncarnation } from "../../worker/signal.ts";
import { eventually } from "../support/eventually.ts";

export interface PythonOptions {
  args?: readonly string[];
  env?: NodeJS.ProcessEnv;
  /** Makes the script the leader of a session of its own. */
  detached?: boolean;
}

export interface PythonProcess {
  child: ChildProcess;
  root: Incarnation;
  /** The process that the script told with `tell(name, pid)` before it was ready. */
  told: (name: string) => Incarnation;
  /** The same for what it tells later: /proc may show a process before its message arrives. */
  hears: (name: string) => Promise<Incarnation>;
}

/** `tell(name, pid)` speaks of a process; `ready()` ends the start and sleeps until killed. */
const PRELUDE = `
import os, signal, sys, time
def tell(name, pid): os.write(1, f"{name} {pid}\\n".encode())
def wait():
    while True: time.sleep(600)
def ready():
    os.write(1, b"ready 0\\n")
    wait()
`;

export async function startPython(
  script: string,
  { args = [], env, detached = false }: PythonOptions = {},
): Promise<PythonProcess> {
  const child = spawn("python3", ["-c", PRELUDE + script, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
    detached,
    env: env ?? process.env,
  });
  const known = new Map<string, Incarnation>();
  const root = identify(child.pid ?? 0);
  if (root !== undefined) known.set("root", root);
  onTestFinished(async () => {
    // A test that fails early has not heard of every process: their trees are ended, too, and before their roots orphan them.
    const members = [...known.values()].flatMap((incarnation) => treeOf(incarnation));
    const all = [...members, ...known.values()];
    for (const incarnation of all) signalIncarnation(incarnation, "SIGKILL");
    child.kill("SIGKILL");
    // SIGKILL takes its time, and a process that is still dying would be found by the next test that looks for its marker.
    await eventually(() => !all.some((incarnation) => isAlive(incarnation)), {
      what: "the test's processes to be gone",
    });
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
    for (const line of output.split("\n").slice(0, -1)) {
      const [name = "", pid] = line.split(" ");
      const incarnation = known.has(name) ? undefined : identify(Number(pid));
      if (incarnation !== undefined) known.set(name, incarnation);
    }
  });
  await eventually(() => output.includes("ready 0\n"), {
    what: `the script to be ready, after ${JSON.stringify(output)}`,
  });
  const told = (name: string): Incarnation => {
    const incarnation = known.get(name);
    if (incarnation === undefined) throw new Error(`the script told of no living ${name}: ${output}`);
    return incarnation;
  };
  if (root === undefined) throw new Error("the script could not be started");
  const hears = (name: string) => eventually(() => known.get(name), { what: `the script to tell of its ${name}` });
  return { child, root, told, hears };
}
