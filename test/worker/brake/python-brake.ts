// Runs a script with the Python brake, as a worker of a run directory of its own.
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runTool, type ToolResult } from "../../support/run-tool.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

export const LIBRARY = fileURLToPath(new URL("../../../worker/python", import.meta.url));

/** What a script of a test begins with: `low()` is a brake for which memory is always low, without any waiting. */
const PRELUDE = `
import atexit, json, os, signal, subprocess, sys, threading, time
from pitcrew_brake import Brake, TrialKilled, check_memory
def low(**options):
    options = {"threshold": 1 << 60, "spacing": 0, "jitter": 0, "grace": 30, **options}
    return Brake(**options)
def brake_until_the_end(brake):
    while True:
        try:
            brake.check(context="test")
        except TrialKilled:
            pass
def record():
    with open(os.environ["PITCREW_RUN_DIRECTORY"] + "/workers/w/brake") as file:
        return json.load(file)
`;

export interface BrakeJson {
  pid: number;
  start_ticks: number;
  boot_id: string;
  brakes_total: number;
  consecutive_brakes: number;
  limit: number;
  last_brake: number | null;
  last_relief: { at: number; request: string | null; freed_bytes: number | null } | null;
  handles: string[];
  ending: { reason: string; at: number } | null;
}

export interface Place {
  runDirectory: string;
  corner: string;
  environment: NodeJS.ProcessEnv;
  record(): BrakeJson;
}

export function createPlace(): Place {
  const runDirectory = temporaryDirectory("pitcrew-brake-");
  const corner = join(runDirectory, "workers", "w");
  mkdirSync(corner, { recursive: true });
  return {
    runDirectory,
    corner,
    environment: {
      ...process.env,
      PYTHONPATH: LIBRARY,
      PYTHONDONTWRITEBYTECODE: "1",
      // Output is buffered as it is by default, wherever these tests run.
      PYTHONUNBUFFERED: "",
      PITCREW_WORKER: "w",
      PITCREW_RUN_DIRECTORY: runDirectory,
    },
    record: () => JSON.parse(readFileSync(join(corner, "brake"), "utf8")) as BrakeJson,
  };
}

export function scriptOf(body: string): string {
  return PRELUDE + body;
}

export function runBraked(body: string, place: Place, args: readonly string[] = []): Promise<ToolResult> {
  return runTool("python3", ["-c", scriptOf(body), ...args], { env: place.environment });
}
