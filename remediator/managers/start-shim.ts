// From a configured worker to a running one: spawns its shim and waits for the record that the worker was born.
import { fileURLToPath } from "node:url";
import { readPidRecord } from "../../worker/files/pid-record.ts";
import type { Incarnation } from "../../worker/incarnation.ts";
import { launchEnvironment, RUN_DIRECTORY_VARIABLE, WORKER_VARIABLE } from "../../worker/launch-environment.ts";
import type { Launch, WorkerSpec } from "../../worker/spec.ts";
import { watchExits } from "./exit-watch.ts";
import type { StartResult } from "./manager.ts";
import { type Detached, type DetachedEnd, spawnDetached } from "./spawn-detached.ts";

/** The shim's answer when a copy runs or may run. */
const ALREADY_RUNNING = 75;
const BORN_WITHIN_MS = 30_000;
/** Only where the kernel grants no watch does a start wait this long for its next look. */
const LOOK_AGAIN_MS = 50;

/** Beside this file, in the sources as in `dist/`. */
export const SHIM_PATH = fileURLToPath(new URL("./shim.sh", import.meta.url));

export interface ShimStart {
  runDirectory: string;
  logDirectory: string;
  shimPath: string;
  spec: WorkerSpec;
  launch: Launch;
  startId: string;
  user: { uid: number; gid: number } | undefined;
}

export type ShimStartResult = StartResult | { kind: "locked" };

export async function startShim(start: ShimStart): Promise<ShimStartResult> {
  const { runDirectory, spec, startId } = start;
  const shim = spawnShim(start);
  const born = await birthOrEnd(runDirectory, spec.name, startId, shim);
  switch (born.kind) {
    case "born":
      return { kind: "started", incarnation: born.incarnation };
    case "not_spawned":
      return { kind: "failed", code: born.code, message: born.message };
    case "silent":
      return {
        kind: "failed",
        code: "ETIMEDOUT",
        message: `${spec.name}: no sign of life within ${BORN_WITHIN_MS / 1000} s`,
      };
    case "exited":
      if (born.code === ALREADY_RUNNING) return { kind: "locked" };
      return {
        kind: "failed",
        code: `exit_${born.code}`,
        message: `${spec.name}: its shim ended with ${born.code} before the worker began; its log in ${start.logDirectory} says why`,
      };
  }
}

export function recordedStart(runDirectory: string, worker: string, startId: string): Incarnation | undefined {
  const read = readPidRecord(runDirectory, worker);
  return read.kind === "ok" && read.value.startId === startId ? read.value.incarnation : undefined;
}

function spawnShim({ runDirectory, logDirectory, shimPath, spec, launch, startId, user }: ShimStart): Detached {
  const environment = launchEnvironment(spec, runDirectory, process.env);
  // The shim gives the marker to the worker; it must not carry it itself, or it would be killed with the worker's tree.
  delete environment[WORKER_VARIABLE];
  delete environment[RUN_DIRECTORY_VARIABLE];
  const ids = user === undefined ? ["-", "-"] : [String(user.uid), String(user.gid)];
  return spawnDetached({
    argv: [
      "/bin/sh",
      shimPath,
      "supervise",
      runDirectory,
      spec.name,
      startId,
      ...ids,
      launch.directory,
      ...launch.argv,
    ],
    // The worker's own directory may be on something that has to be unmounted one day.
    directory: "/",
    environment,
    logDirectory,
    worker: spec.name,
  });
}

type Birth = { kind: "born"; incarnation: Incarnation } | { kind: "silent" } | DetachedEnd;

function birthOrEnd(runDirectory: string, worker: string, startId: string, shim: Detached): Promise<Birth> {
  return new Promise((resolve) => {
    const settle = (birth: Birth) => {
      clearInterval(poll);
      clearTimeout(deadline);
      watch.close();
      resolve(birth);
    };
    const look = (): boolean => {
      const incarnation = recordedStart(runDirectory, worker, startId);
      if (incarnation !== undefined) settle({ kind: "born", incarnation });
      return incarnation !== undefined;
    };
    const poll = setInterval(look, LOOK_AGAIN_MS);
    const deadline = setTimeout(() => settle({ kind: "silent" }), BORN_WITHIN_MS);
    const watch = watchExits(runDirectory, (changed) => {
      if (changed === worker) setImmediate(look);
    });
    // A worker may be born and gone again before we look.
    void shim.ended.then((end) => {
      if (!look()) settle(end);
    });
  });
}
