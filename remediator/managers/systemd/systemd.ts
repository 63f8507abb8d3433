// Workers that are systemd's: their units are started, stopped and understood here. Whoever else owns their starts is systemd itself.
import { constants as osConstants } from "node:os";
import { readBootId } from "../../../worker/boot.ts";
import { isAlive } from "../../../worker/identify.ts";
import { type Incarnation, sameIncarnation } from "../../../worker/incarnation.ts";
import { treeOf } from "../../../worker/process-tree.ts";
import { signalIncarnation } from "../../../worker/signal.ts";
import type { WorkerSpec } from "../../../worker/spec.ts";
import { type UnitRef, unitOfWorker } from "../../../worker/unit.ts";
import { killAll } from "../kill-all.ts";
import { knownWorker } from "../known-worker.ts";
import { withRemembered } from "../living-members.ts";
import type { Manager, SignalResult, StartResult } from "../manager.ts";
import { recipientOf } from "../recipient.ts";
import { startUnit } from "./start-unit.ts";
import { type CommandResult, type Systemctl, unitArgument } from "./systemctl.ts";
import { UnitMemory } from "./unit-memory.ts";
import type { UnitState } from "./unit-state.ts";
import { keyOf, UnitStates } from "./unit-states.ts";

export interface SystemdOptions {
  runDirectory: string;
  systemctl: Systemctl;
  /** Something happened to this worker's unit. */
  onNews: (worker: string) => void;
  onTrouble: (message: string) => void;
  cgroupRoot?: string;
}

export function createSystemdManager(options: SystemdOptions): Manager {
  const { runDirectory, systemctl, onTrouble } = options;
  const workers = new Map<string, string>();
  const monoSeconds = () => Number(process.hrtime.bigint()) / 1e9;
  const onNews = (unit: UnitRef) => {
    memory.remember(unit);
    const worker = workers.get(keyOf(unit));
    if (worker !== undefined) options.onNews(worker);
  };
  const states = new UnitStates({ ...options, monoSeconds, onNews });
  const memory: UnitMemory = new UnitMemory({
    states,
    clocks: () => ({ monoSeconds: monoSeconds(), wallSeconds: Date.now() / 1000 }),
    isShuttingDown: async (user) => {
      const said = await Promise.all([systemState(undefined), ...(user === undefined ? [] : [systemState(user)])]);
      return said.some((state) => state === undefined || state === "stopping");
    },
    onNews,
  });

  async function systemState(user: string | undefined): Promise<string | undefined> {
    const result = await systemctl(user, ["show", "--property=SystemState", "--value"]);
    return result.kind === "ok" ? result.text.trim() : undefined;
  }

  function unitOf(spec: WorkerSpec): UnitRef {
    const unit = unitOfWorker(spec.manager);
    if (unit === undefined) throw new TypeError(`${spec.name} is no systemd unit but ${spec.manager.kind}`);
    workers.set(keyOf(unit), spec.name);
    return unit;
  }

  function command(unit: UnitRef, verb: string, ...args: readonly string[]): Promise<CommandResult> {
    return systemctl(unit.user, [verb, ...args, "--", unitArgument(unit)]);
  }

  async function start(spec: WorkerSpec): Promise<StartResult> {
    const unit = unitOf(spec);
    const shims = knownWorker(runDirectory, spec.name)?.incarnation;
    if (shims !== undefined && isAlive(shims))
      return { kind: "already_running", detail: `${spec.name} runs under a shim still: process ${shims.pid}` };
    return startUnit(spec.name, unit, {
      refresh: () => states.refresh(unit),
      command: (...args) => command(unit, ...args),
    });
  }

  async function terminate(spec: WorkerSpec, target: Incarnation): Promise<SignalResult> {
    if (!isAlive(target)) return { kind: "gone" };
    const unit = unitOf(spec);
    const known = states.last(unit)?.state;
    const state = known?.mainPid === target.pid ? known : await states.refresh(unit);
    const recipient = recipientOf(runDirectory, spec, target);
    if (state !== undefined && sameIncarnation(recipient, target) && stopSignalsAlike(spec, target, state))
      if ((await stop(unit, state)).kind === "ok") return { kind: "sent" };
    // To the very process, where we may; systemd, which may always, is told no more than the unit.
    const direct = signalIncarnation(recipient, spec.stop.signal);
    if (direct.kind !== "failed") return direct;
    if (!isAlive(target)) return { kind: "gone" };
    return toldTo(spec, await command(unit, "kill", "--kill-who=main", `--signal=${spec.stop.signal}`));
  }

  /** A stop of ours is not an operator's. */
  function stop(unit: UnitRef, state: UnitState | undefined): Promise<CommandResult> {
    if (state !== undefined) memory.stoppedByUs(unit, state.invocationId);
    return command(unit, "stop", "--no-block");
  }

  async function kill(spec: WorkerSpec, target: Incarnation, members: readonly Incarnation[]): Promise<SignalResult> {
    const unit = unitOf(spec);
    const living = () => withRemembered(treeOf(target), members);
    if (living().length === 0) return { kind: "gone" };
    const state = await states.refresh(unit);
    const isReplaced = state !== undefined && state.mainPid !== 0 && state.mainPid !== target.pid && !isAlive(target);
    if (state === undefined || isReplaced) return killAll(living);
    // With a stop under way systemd does not answer the kill with a fresh process.
    await stop(unit, state);
    const result = await command(unit, "kill", "--kill-who=all", "--signal=SIGKILL");
    return result.kind === "ok" ? { kind: "sent" } : killAll(living);
  }

  return {
    start,
    // Units keep nothing of who started them: a start that we did not live to see shows as a unit that is up.
    findStart: () => undefined,
    terminate,
    kill,
    remains: (_spec, target, members) => withRemembered(target === undefined ? [] : treeOf(target), members),
    exitOf: (spec, target) => (target.bootId === readBootId() ? memory.endOf(unitOf(spec), target) : undefined),
    ownerView: (spec, running) => memory.view(unitOf(spec), running),
    async hold(spec) {
      const unit = unitOf(spec);
      const result = await stop(unit, await states.refresh(unit));
      if (result.kind === "failed") onTrouble(`${spec.name}: ${unit.name} could not be stopped: ${result.message}`);
    },
  };
}

/**
 * Where a stop does to the worker what our signal does, it is the better way: `Restart=always` would answer the signal with a fresh
 * process at once, and when the worker starts again is for us to say. Elsewhere systemd's own restart stands for ours.
 */
function stopSignalsAlike(spec: WorkerSpec, target: Incarnation, state: UnitState): boolean {
  if (state.restart === "no" || state.mainPid !== target.pid || state.hasStopCommand) return false;
  if (state.killSignal !== osConstants.signals[spec.stop.signal]) return false;
  return state.killMode === "mixed" || state.killMode === "process" || treeOf(target).length === 1;
}

function toldTo(spec: WorkerSpec, result: CommandResult): SignalResult {
  return result.kind === "ok" ? { kind: "sent" } : { kind: "failed", message: `${spec.name}: ${result.message}` };
}
