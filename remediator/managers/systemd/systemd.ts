// Workers that are systemd's: their units are started, stopped and understood here. Whoever else owns their starts is systemd itself.
import { setTimeout as sleep } from "node:timers/promises";
import { readBootId } from "../../../worker/boot.ts";
import { isAlive } from "../../../worker/identify.ts";
import type { Incarnation } from "../../../worker/incarnation.ts";
import { treeOf } from "../../../worker/process-tree.ts";
import { signalIncarnation } from "../../../worker/signal.ts";
import type { WorkerSpec } from "../../../worker/spec.ts";
import { type UnitRef, unitOfWorker } from "../../../worker/unit.ts";
import { killAll } from "../kill-all.ts";
import { withRemembered } from "../living-members.ts";
import type { Manager, SignalResult, StartResult } from "../manager.ts";
import { recipientOf } from "../recipient.ts";
import { startUnit } from "./start-unit.ts";
import { type CommandResult, type Systemctl, unitArgument } from "./systemctl.ts";
import { UnitMemory } from "./unit-memory.ts";
import { keyOf, UnitStates } from "./unit-states.ts";

export interface SystemdOptions {
  runDirectory: string;
  systemctl: Systemctl;
  /** Something happened to this worker's unit. */
  onNews: (worker: string) => void;
  onTrouble: (message: string) => void;
  cgroupRoot?: string;
}

const LOOK_AGAIN_MS = 10;
/** systemd restarts a unit after 100 ms by default: seen later than this, the end may be followed by a new process already. */
const LATE_MS = 60;
/** A process that outlives its grace is killed; only then can a stop that waits for its end be given up. */
const BEYOND_GRACE_SECONDS = 60;

export function createSystemdManager(options: SystemdOptions): Manager {
  const { runDirectory, systemctl, onTrouble } = options;
  const workers = new Map<string, string>();
  /** Stops that follow a signal: a start waits for its unit's. */
  const settling = new Map<string, Promise<void>>();
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
    await settling.get(keyOf(unit));
    return startUnit(spec.name, unit, {
      refresh: () => states.refresh(unit),
      command: (...args) => command(unit, ...args),
    });
  }

  async function terminate(spec: WorkerSpec, target: Incarnation): Promise<SignalResult> {
    if (!isAlive(target)) return { kind: "gone" };
    const unit = unitOf(spec);
    const { signal } = spec.stop;
    const known = states.last(unit)?.state;
    const state = known?.mainPid === target.pid ? known : await states.refresh(unit);
    // To the very process, where we may; systemd, which may always, is told the unit only.
    const direct = signalIncarnation(recipientOf(runDirectory, spec, target), signal);
    if (direct.kind === "gone") return direct;
    if (direct.kind === "failed") {
      if (state !== undefined && state.mainPid !== target.pid && !isAlive(target)) return { kind: "gone" };
      const result = await command(unit, "kill", "--kill-who=main", `--signal=${signal}`);
      if (result.kind === "failed") return refused(spec, result.message);
    }
    if (state?.restart !== "no") stopOnceGone(spec, unit, target);
    return { kind: "sent" };
  }

  /** Whether and when it starts again is ours to say: without this, `Restart=always` would answer our signal with a fresh process at once. */
  function stopOnceGone(spec: WorkerSpec, unit: UnitRef, target: Incarnation): void {
    const key = keyOf(unit);
    const until = monoSeconds() + spec.stop.graceSeconds + BEYOND_GRACE_SECONDS;
    const done = (async () => {
      let looked = performance.now();
      while (isAlive(target)) {
        if (monoSeconds() > until) return;
        looked = performance.now();
        await sleep(LOOK_AGAIN_MS, undefined, { ref: false });
      }
      // systemd may have been quicker: the fresh process is not the one that was to end.
      if (performance.now() - looked > LATE_MS && (await states.refresh(unit))?.mainPid !== 0) return;
      await stopUnit(spec, unit);
    })().finally(() => {
      if (settling.get(key) === done) settling.delete(key);
    });
    settling.set(key, done);
  }

  async function stopUnit(spec: WorkerSpec, unit: UnitRef, ...args: readonly string[]): Promise<void> {
    const result = await command(unit, "stop", ...args);
    if (result.kind === "failed") onTrouble(`${spec.name}: ${unit.name} could not be stopped: ${result.message}`);
  }

  async function kill(spec: WorkerSpec, target: Incarnation, members: readonly Incarnation[]): Promise<SignalResult> {
    const unit = unitOf(spec);
    const living = () => withRemembered(treeOf(target), members);
    if (living().length === 0) return { kind: "gone" };
    const state = await states.refresh(unit);
    const isReplaced = state !== undefined && state.mainPid !== 0 && state.mainPid !== target.pid && !isAlive(target);
    if (state === undefined || isReplaced) return killAll(living);
    // With a stop under way systemd does not answer the kill with a fresh process.
    await stopUnit(spec, unit, "--no-block");
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
    hold: (spec) => stopUnit(spec, unitOf(spec)),
  };
}

function refused(spec: WorkerSpec, message: string): SignalResult {
  return { kind: "failed", message: `${spec.name}: ${message}` };
}
