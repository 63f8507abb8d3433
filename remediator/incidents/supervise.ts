// Supervision: starting a worker that should run and does not, and stopping one that should not. Not a rule: it follows from the desired
// state and the restart policy alone.
import type { Incarnation } from "../../worker/incarnation.ts";
import { incarnationKey } from "../../worker/incarnation.ts";
import type { WorkerReading } from "../../worker/reading.ts";
import type { RestartPolicy } from "../../worker/spec.ts";
import type { Intent } from "./intent.ts";
import type { WorkerLedger } from "./ledger.ts";
import type { ExitReason } from "./reason.ts";
import { RENEW_EXIT_CODE } from "./reason.ts";
import { reasonAfterExit } from "./track.ts";

export type Supervision = { kind: "intent"; intent: Intent } | { kind: "finished"; because: string } | undefined;

/** @param ledger up to date with `reading` (track.ts), and the worker has no open incident */
export function supervise(reading: WorkerReading, ledger: Readonly<WorkerLedger>, bootId: string): Supervision {
  const { presence, spec } = reading;
  const { manager } = spec;
  if (presence.kind === "up" && manager.kind === "supervised")
    return isToBeStopped(presence.incarnation, ledger) ? stop(spec.name) : undefined;
  if (presence.kind !== "down" || ledger.desired === "down") return undefined;
  const seenInThisBoot = ledger.incarnation !== undefined && ledger.incarnation.bootId === bootId;
  switch (manager.kind) {
    case "observe":
    case "systemd":
      return undefined;
    case "command":
      return manager.startAtBoot && !seenInThisBoot
        ? start(spec.name, "other", "its first start in this boot")
        : undefined;
    case "supervised":
      break;
  }
  if (!seenInThisBoot) return start(spec.name, "other", "its first start in this boot");
  // The process is gone and its shim has not yet said how it ended.
  if (!ledger.ended || ledger.lastExit === undefined) return undefined;
  const { code, reason } = ledger.lastExit;
  const how = code === undefined ? "ended, nobody knows how" : `ended with exit code ${code} (${reason})`;
  return startsAgain(manager.restart, code, reason)
    ? start(spec.name, reasonAfterExit(reason), `${how}; restart: ${manager.restart}`)
    : { kind: "finished", because: `${how}; restart: ${manager.restart}` };
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
