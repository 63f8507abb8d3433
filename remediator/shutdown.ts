// Ctrl-C of a foreground `pitcrew up`: its supervised workers end with it, each gently first, and nothing is left to be resumed.
import { setTimeout as delay } from "node:timers/promises";
import type { Incarnation } from "../worker/incarnation.ts";
import type { WorkerSpec } from "../worker/spec.ts";
import type { Engine } from "./incidents/engine.ts";
import { closeAll } from "./recover.ts";

const POLL_MS = 20;

/** Call after `engine.stop()`. */
export async function stopSupervisedWorkers(engine: Engine): Promise<void> {
  const { deps, store } = engine;
  store.commit(
    closeAll(store.ledger, deps.clock(), "cancelled", "pitcrew was stopped in the foreground, its workers with it"),
  );
  // A worker that is a unit belongs to systemd, not to this terminal.
  const ours = deps
    .config()
    .workers.filter(({ manager }) => manager.kind === "supervised" && manager.unit === undefined);
  await Promise.all(ours.map((spec) => stopOne(engine, spec)));
}

async function stopOne(engine: Engine, spec: WorkerSpec): Promise<void> {
  const { deps, store } = engine;
  const manager = deps.manager(spec);
  // A start that was under way may appear only now.
  const reading = await deps.observeWorker(spec.name);
  const running = reading?.presence.kind === "up" ? reading.presence.incarnation : undefined;
  const target = running ?? store.ledger.worker(spec.name).incarnation;
  const members: readonly Incarnation[] = reading?.tree?.members ?? [];
  const remains = () => manager.remains(spec, target, members);
  if (running !== undefined) {
    await manager.terminate(spec, running);
    await until(() => remains().length === 0, spec.stop.graceSeconds);
  }
  if (target !== undefined && remains().length > 0) {
    deps.log.warn("it did not end within its grace: SIGKILL to its whole tree", { worker: spec.name });
    await manager.kill(spec, target, members);
  }
  if (running !== undefined) {
    await until(() => manager.exitOf(spec, running) !== undefined, 1);
    const begun = deps.clock().mono;
    const after = await deps.observeWorker(spec.name);
    if (after !== undefined) engine.saw(after, begun);
  }
  store.commit([{ type: "released", worker: spec.name }]);
}

async function until(condition: () => boolean, withinSeconds: number): Promise<void> {
  const deadline = performance.now() + withinSeconds * 1000;
  while (!condition() && performance.now() < deadline) await delay(POLL_MS);
}
