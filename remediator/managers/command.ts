// Workers that somebody else's commands start and stop; the process is recognised from outside, by its match or pidfile.
import { setTimeout as sleep } from "node:timers/promises";
import { identify, isAlive } from "../../worker/identify.ts";
import type { Incarnation } from "../../worker/incarnation.ts";
import { launchEnvironment } from "../../worker/launch-environment.ts";
import { treeOf } from "../../worker/process-tree.ts";
import type { Presence } from "../../worker/reading.ts";
import { signalIncarnation } from "../../worker/signal.ts";
import type { ManagerSpec, WorkerSpec } from "../../worker/spec.ts";
import { killAll } from "./kill-all.ts";
import { checkLaunch } from "./launch-check.ts";
import { withRemembered } from "./living-members.ts";
import type { Manager, SignalResult, StartResult } from "./manager.ts";
import { asUser, type DetachedEnd, spawnDetached } from "./spawn-detached.ts";

export interface CommandOptions {
  runDirectory: string;
  logDirectory: string;
  /** A fresh look, now. */
  locate: (spec: WorkerSpec) => Promise<Presence>;
  appearsWithinMs?: number;
  /** A start command may itself look like the worker: it is taken for it only when it still runs after so long. */
  settleMs?: number;
}

type CommandSpec = Extract<ManagerSpec, { kind: "command" }>;
type NonEmpty = readonly [file: string, ...args: string[]];

const LOOK_AGAIN_MS = 50;
const STOP_FAILS_WITHIN_MS = 2000;

export function createCommandManager(options: CommandOptions): Manager {
  const { locate, appearsWithinMs = 30_000, settleMs = 1000 } = options;

  async function start(spec: WorkerSpec): Promise<StartResult> {
    const { launch } = commandOf(spec);
    const check = await checkLaunch(spec, launch, environmentOf(spec).PATH);
    if (check.kind === "failed") return check;
    const before = await locate(spec);
    if (before.kind !== "down") return { kind: "already_running", detail: `${spec.name} ${inWords(before)}` };
    return appearance(spec, run(spec, asUser(check.user, nonEmpty(launch.argv)), environmentOf(spec)));
  }

  /** A start command may stay as the worker, stay beside it, or end once the worker runs by itself. */
  async function appearance(spec: WorkerSpec, command: ReturnType<typeof run>): Promise<StartResult> {
    const began = performance.now();
    let end: DetachedEnd | undefined;
    void command.ended.then((it) => {
      end = it;
    });
    while (performance.now() - began < appearsWithinMs) {
      const ended = end;
      const presence = await locate(spec);
      if (presence.kind === "up" && (presence.incarnation.pid !== command.pid || performance.now() - began >= settleMs))
        return { kind: "started", incarnation: presence.incarnation };
      if (ended?.kind === "not_spawned") return { kind: "failed", code: ended.code, message: ended.message };
      if (ended !== undefined && ended.code !== 0)
        return {
          kind: "failed",
          code: `exit_${ended.code}`,
          message: `${spec.name}: its start command ended with ${ended.code}; its log in ${options.logDirectory} says why`,
        };
      await sleep(LOOK_AGAIN_MS);
    }
    // Given up: should it get further after all, beside the next attempt, there would be two.
    const starter = end === undefined && command.pid !== undefined ? identify(command.pid) : undefined;
    if (starter !== undefined) await killAll(() => treeOf(starter));
    const seconds = appearsWithinMs / 1000;
    const message = `${spec.name}: its start command ran, but no process that matches appeared within ${seconds} s`;
    return { kind: "failed", code: "ETIMEDOUT", message };
  }

  async function terminate(spec: WorkerSpec, target: Incarnation): Promise<SignalResult> {
    if (!isAlive(target)) return { kind: "gone" };
    const { launch, stopCommand } = commandOf(spec);
    if (stopCommand === undefined) return signalIncarnation(target, spec.stop.signal);
    const environment: NodeJS.ProcessEnv = { ...environmentOf(spec), PITCREW_PID: String(target.pid) };
    const check = await checkLaunch(spec, { ...launch, argv: stopCommand }, environment.PATH);
    if (check.kind === "failed") return { kind: "failed", message: check.message };
    return stopped(spec, target, run(spec, asUser(check.user, nonEmpty(stopCommand)), environment));
  }

  /**
   * Waits shortly for a stop command that fails, so that it is not taken for done; a long one works on while the caller
   * watches the worker, and is itself killed when the worker's grace is over.
   */
  async function stopped(
    spec: WorkerSpec,
    target: Incarnation,
    command: ReturnType<typeof run>,
  ): Promise<SignalResult> {
    const stopper = command.pid === undefined ? undefined : identify(command.pid);
    let isOverdue = false;
    const overdue = setTimeout(() => {
      isOverdue = true;
      if (stopper !== undefined && isAlive(stopper)) void killAll(() => treeOf(stopper));
    }, spec.stop.graceSeconds * 1000);
    overdue.unref();
    const end = await Promise.race([command.ended, sleep(STOP_FAILS_WITHIN_MS, undefined, { ref: false })]);
    if (end === undefined) return { kind: "sent" };
    clearTimeout(overdue);
    if (end.kind === "not_spawned") return { kind: "failed", message: end.message };
    // A command that we have ended has not failed: the grace is over, and the caller goes on to force.
    if (end.code === 0 || isOverdue || !isAlive(target)) return { kind: "sent" };
    return { kind: "failed", message: `${spec.name}: its stop command ended with ${end.code}` };
  }

  function environmentOf(spec: WorkerSpec): NodeJS.ProcessEnv {
    return launchEnvironment(spec, options.runDirectory, process.env);
  }

  function run(spec: WorkerSpec, argv: NonEmpty, environment: NodeJS.ProcessEnv) {
    const { directory } = commandOf(spec).launch;
    return spawnDetached({ argv, directory, environment, logDirectory: options.logDirectory, worker: spec.name });
  }

  const living = (target: Incarnation, members: readonly Incarnation[]) => withRemembered(treeOf(target), members);

  return {
    start,
    terminate,
    // Nothing of ours is in such a process: whether it runs is seen by its match or pidfile alone.
    findStart: () => undefined,
    kill: (_spec, target, members) => killAll(() => living(target, members)),
    remains: (_spec, target, members) => (target === undefined ? withRemembered([], members) : living(target, members)),
    exitOf: () => undefined,
  };
}

function commandOf(spec: WorkerSpec): CommandSpec {
  if (spec.manager.kind === "command") return spec.manager;
  throw new TypeError(`${spec.name} is not a command worker but ${spec.manager.kind}`);
}

function nonEmpty(argv: readonly string[]): NonEmpty {
  const [file, ...args] = argv;
  if (file === undefined) throw new TypeError("an empty command");
  return [file, ...args];
}

function inWords(presence: Exclude<Presence, { kind: "down" }>): string {
  switch (presence.kind) {
    case "up":
      return `already runs: process ${presence.incarnation.pid}`;
    case "ambiguous":
      return `may already run: ${presence.roots} unrelated processes match`;
    case "unknown":
      return `may already run: whether it does could not be read (${presence.source})`;
  }
}
