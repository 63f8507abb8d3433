// A run directory with a manager for one test: what is started here is gone when the test ends, whatever it did.
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { killAll } from "../../../remediator/managers/kill-all.ts";
import { lockHolder } from "../../../remediator/managers/lock-record.ts";
import type { Manager } from "../../../remediator/managers/manager.ts";
import { createSupervisedManager } from "../../../remediator/managers/supervised.ts";
import { processesOf } from "../../../remediator/managers/supervised-tree.ts";
import { isAlive } from "../../../worker/identify.ts";
import type { Incarnation } from "../../../worker/incarnation.ts";
import { textOf } from "../../../worker/proc/read-text.ts";
import type { Launch, WorkerSpec } from "../../../worker/spec.ts";
import { eventually } from "../../support/eventually.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { workerSpec } from "./bench-spec.ts";

export interface Bench {
  directory: string;
  runDirectory: string;
  logDirectory: string;
  manager: Manager;
  /** A supervised worker named `w`. */
  spec: (argv: readonly string[], launch?: Partial<Launch>) => WorkerSpec;
  log: () => string;
}

export function bench(): Bench {
  const directory = temporaryDirectory();
  const runDirectory = join(directory, "run");
  const logDirectory = join(directory, "log");
  mkdirSync(runDirectory);
  const manager = createSupervisedManager({ runDirectory, logDirectory });
  const specs: WorkerSpec[] = [];
  onTestFinished(async () => {
    for (const spec of specs) {
      await killAll(() => processesOf(runDirectory, spec, []));
      await eventually(() => lockHolder(runDirectory, spec.name) === undefined, { what: "the shim to end" });
    }
  });
  return {
    directory,
    runDirectory,
    logDirectory,
    manager,
    spec(argv, launch = {}) {
      const spec = workerSpec({
        kind: "supervised",
        launch: { argv, directory, environment: {}, ...launch },
        restart: "never",
      });
      specs.push(spec);
      return spec;
    },
    log: () => readFileSync(join(logDirectory, "w.log"), "utf8"),
  };
}

/** Starts one copy and waits until it is the worker's own program. @throws what a manager answered instead of an incarnation. */
export async function started(manager: Manager, spec: WorkerSpec, startId = "start-1"): Promise<Incarnation> {
  const result = await manager.start(spec, startId);
  if (result.kind !== "started") throw new Error(`not started: ${JSON.stringify(result)}`);
  const { incarnation } = result;
  await eventually(() => isItself(incarnation), { what: "exec" });
  return incarnation;
}

/** True also once it has ended. In the middle of an exec both texts are empty. */
function isItself(incarnation: Incarnation): boolean {
  const [commandLine, environment] = ["cmdline", "environ"].map((file) => textOf(`/proc/${incarnation.pid}/${file}`));
  if (!isAlive(incarnation)) return true;
  return Boolean(commandLine && environment) && !commandLine?.includes("shim.sh");
}

/** Waits until this incarnation's exit is on record. */
export function exitCode(manager: Manager, spec: WorkerSpec, target: Incarnation): Promise<number> {
  return eventually(() => manager.exitOf(spec, target), { what: `the exit of ${target.pid}` }).then(({ code }) => code);
}
