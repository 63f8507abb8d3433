// Workers that are our own to start and stop, each under a shim: they outlive us, and the next remediator adopts them.
import { mkdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { readExitRecord } from "../../worker/files/exit-record.ts";
import { isAlive } from "../../worker/identify.ts";
import { type Incarnation, sameIncarnation } from "../../worker/incarnation.ts";
import { launchEnvironment } from "../../worker/launch-environment.ts";
import { errorCode } from "../../worker/proc/read-text.ts";
import { signalIncarnation } from "../../worker/signal.ts";
import type { Launch, WorkerSpec } from "../../worker/spec.ts";
import { prepareBrakeCorner } from "./brake-corner.ts";
import { killAll } from "./kill-all.ts";
import { knownWorker } from "./known-worker.ts";
import { checkLaunch } from "./launch-check.ts";
import type { Manager, StartResult } from "./manager.ts";
import { recipientOf } from "./recipient.ts";
import { recordedStart, SHIM_PATH, startShim } from "./start-shim.ts";
import { processesOf, treeOfTarget } from "./supervised-tree.ts";

export interface SupervisedOptions {
  runDirectory: string;
  logDirectory: string;
  shimPath?: string;
}

/** Start ids go into JSON that a shell writes. */
const START_ID = /^[A-Za-z0-9_.:@-]{1,128}$/;
/** A shim whose worker has ended holds the lock until the exit is recorded. */
const LOCK_RELEASED_WITHIN_MS = 2000;
const LOOK_AGAIN_MS = 25;

export function createSupervisedManager(options: SupervisedOptions): Manager {
  const { runDirectory, logDirectory, shimPath = SHIM_PATH } = options;

  async function start(spec: WorkerSpec, startId: string): Promise<StartResult> {
    if (!START_ID.test(startId)) throw new TypeError(`not a start id: ${JSON.stringify(startId)}`);
    const launch = launchOf(spec);
    const environment = launchEnvironment(spec, runDirectory, process.env);
    const check = await checkLaunch(spec, launch, environment.PATH);
    if (check.kind === "failed") return check;
    const { user } = check;
    try {
      mkdirSync(runDirectory, { recursive: true, mode: 0o755 });
      prepareBrakeCorner(runDirectory, spec.name, user);
    } catch (error) {
      return { kind: "failed", code: errorCode(error), message: `${spec.name}: ${messageOf(error)}` };
    }

    const until = performance.now() + LOCK_RELEASED_WITHIN_MS;
    for (;;) {
      const alive = processesOf(runDirectory, spec, []);
      if (alive.length > 0) return { kind: "already_running", detail: describe(spec, alive) };
      const result = await startShim({ runDirectory, logDirectory, shimPath, spec, launch, startId, user });
      if (result.kind !== "locked") return result;
      if (performance.now() >= until)
        return { kind: "already_running", detail: `${spec.name}: its lock is held by a shim` };
      await sleep(LOOK_AGAIN_MS);
    }
  }

  return {
    start,

    findStart(spec, startId) {
      const known = knownWorker(runDirectory, spec.name);
      return known?.startId === startId ? known.incarnation : recordedStart(runDirectory, spec.name, startId);
    },

    terminate(spec, target) {
      if (!isAlive(target)) return Promise.resolve({ kind: "gone" });
      return Promise.resolve(signalIncarnation(recipientOf(runDirectory, spec, target), spec.stop.signal));
    },

    kill(spec, target, members) {
      // Nothing of it lives: what carries its name by now is somebody else's.
      if (![target, ...members].some((member) => isAlive(member))) return Promise.resolve({ kind: "gone" });
      return killAll(() => treeOfTarget(runDirectory, spec, target, members));
    },

    remains: (spec, target, members) =>
      target === undefined
        ? processesOf(runDirectory, spec, members)
        : treeOfTarget(runDirectory, spec, target, members),

    exitOf(spec, target) {
      const read = readExitRecord(runDirectory, spec.name);
      return read.kind === "ok" && sameIncarnation(read.value.incarnation, target) ? read.value : undefined;
    },
  };
}

function launchOf(spec: WorkerSpec): Launch {
  if (spec.manager.kind === "supervised") return spec.manager.launch;
  throw new TypeError(`${spec.name} is not a supervised worker but ${spec.manager.kind}`);
}

function describe(spec: WorkerSpec, alive: readonly Incarnation[]): string {
  const pids = alive.slice(0, 10).map(({ pid }) => pid);
  return `${spec.name} already runs: process ${pids.join(", ")}${alive.length > 10 ? ", …" : ""}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
