// Supervision: starting a worker that should run and does not, and stopping one that should not. Not a rule: it follows from the desired
// state and the restart policy alone.
import type { Incarnation } from "../../worker/incarnation.ts";
import { incarnationKey } from "../../worker/incarnation.ts";
import type { WorkerReading } from "../../worker/reading.ts";
import type { ManagerSpec, RestartPolicy } from "../../worker/spec.ts";
import type { OwnerView } from "../managers/manager.ts";
import { DEFAULT_POLICY } from "./facts.ts";
import type { Intent } from "./intent.ts";
import type { DesiredReason } from "./journal-entry.ts";
import type { WorkerLedger } from "./ledger.ts";
import type { ExitReason } from "./reason.ts";
import { RENEW_EXIT_CODE } from "./reason.ts";
import { reasonAfterExit } from "./track.ts";

export type Supervision =
  | { kind: "intent"; intent: Intent }
  /** The desired state follows what happened: it ended for good, or somebody else's word has stopped or started it. */
  | { kind: "desired"; desired: "up" | "down"; reason: DesiredReason; by: string }
  | undefined;

/**
 * @param ledger up to date with `reading` (track.ts), and the worker has no open incident
 * @param owner what its service manager makes of it; undefined: its starts are ours alone
 */
export function supervise(
  reading: WorkerReading,
  ledger: Readonly<WorkerLedger>,
  bootId: string,
  owner?: OwnerView,
): Supervision {
  const { presence, spec } = reading;
  const { manager } = spec;
  if (owner !== undefined) {
    const word = wordOfOthers(reading, ledger, bootId, owner);
    if (word !== "ours") return word;
  }
  if (presence.kind === "up" && (manager.kind === "supervised" || manager.kind === "systemd"))
    return isToBeStopped(presence.incarnation, ledger) ? stop(spec.name) : undefined;
  if (presence.kind !== "down" || ledger.desired === "down") return undefined;
  const seenInThisBoot = ledger.incarnation !== undefined && ledger.incarnation.bootId === bootId;
  switch (manager.kind) {
    case "observe":
      return undefined;
    case "systemd":
      if (!seenInThisBoot && (owner?.kind !== "ended" || !owner.failed)) return undefined;
      break;
    case "command":
      return manager.startAtBoot && !seenInThisBoot
        ? start(spec.name, "other", "its first start in this boot")
        : undefined;
    case "supervised":
      break;
  }
  if (!seenInThisBoot)
    return manager.kind === "systemd"
      ? start(spec.name, "crash", "its unit has failed since the machine was booted")
      : start(spec.name, "other", "its first start in this boot");
  // The process is gone and its shim has not yet said how it ended.
  if (!ledger.ended || ledger.lastExit === undefined) return undefined;
  const { code, reason } = ledger.lastExit;
  const how = code === undefined ? "ended, nobody knows how" : `ended with exit code ${code} (${reason})`;
  // What systemd has given up: a worker of ours all the same, unless it has ended well.
  const policy = manager.kind === "systemd" ? "on-failure" : manager.restart;
  return startsAgain(policy, code, reason)
    ? start(spec.name, reasonAfterExit(reason), `${how}; ${policyText(manager, policy)}`)
    : { kind: "desired", desired: "down", reason: "finished", by: "pitcrew" };
}

function policyText(manager: ManagerSpec, policy: RestartPolicy): string {
  return manager.kind === "systemd" ? "systemd does not start it again" : `restart: ${policy}`;
}

/** What follows from what its service manager was told, or does by itself; "ours": nothing, it is for us to say. */
function wordOfOthers(
  { presence, spec }: WorkerReading,
  ledger: Readonly<WorkerLedger>,
  bootId: string,
  owner: OwnerView,
): Supervision | "ours" {
  const { desired, desiredReason, lastExit, seenAt, desiredAt, incarnation } = ledger;
  const endedInThisBoot = lastExit?.incarnation.bootId === bootId;
  if (presence.kind === "up") {
    if (desired === "up") return undefined;
    if (owner.kind !== "running") return undefined;
    // A boot brings back what is enabled: that does not undo a `pitcrew stop`, whereas `systemctl start` does.
    const isAfter = seenAt !== undefined && desiredAt !== undefined && seenAt.mono > desiredAt.mono;
    const isStarted = isAfter && !owner.byItself && (endedInThisBoot || desiredReason !== "operator");
    return isStarted ? { kind: "desired", desired: "up", reason: "none", by: "systemctl" } : "ours";
  }
  if (presence.kind !== "down" || desired === "down") return "ours";
  const seenInThisBoot = incarnation?.bootId === bootId;
  if (seenInThisBoot && !ledger.ended) return undefined;
  switch (owner.kind) {
    case "unknown":
    case "running":
      return undefined;
    case "starting":
      // Left to itself, a service manager goes on for ever; a quarantine ends that.
      return ledger.youngDeaths >= DEFAULT_POLICY.youngDeathsToQuarantine && ledger.quarantine === undefined
        ? start(spec.name, "crash", `systemd starts it again and again: it died young ${ledger.youngDeaths} times`)
        : undefined;
    case "stopped":
      return seenInThisBoot ? { kind: "desired", desired: "down", reason: "systemd", by: "systemctl" } : "ours";
    case "ended":
      return "ours";
  }
}

/** Pitcrew may die between an operator's word and the incident that does it. What was acted on before is not acted on again. */
function isToBeStopped(running: Incarnation, { desired, desiredReason, actedOn }: Readonly<WorkerLedger>): boolean {
  return desired === "down" && desiredReason === "operator" && actedOn !== incarnationKey(running);
}

function startsAgain(policy: RestartPolicy, code: number | undefined, reason: ExitReason): boolean {
  if (code === RENEW_EXIT_CODE || reason === "brake_limit" || reason === "drained") return true;
  switch (policy) {
    case "always":
      return true;
    case "on-failure":
      return code !== 0;
    case "never":
      return false;
  }
}

function start(worker: string, reason: Intent["reason"], text: string): Supervision {
  return {
    kind: "intent",
    intent: { target: { kind: "worker", worker }, ladder: "start", reason, source: "supervision", text },
  };
}

function stop(worker: string): Supervision {
  const text = "an operator stopped it, and it runs";
  return {
    kind: "intent",
    intent: { target: { kind: "worker", worker }, ladder: "stop", reason: "operator", source: "supervision", text },
  };
}
