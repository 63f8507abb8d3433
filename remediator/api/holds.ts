// What holds automation back from starting or renewing one worker at this moment: until when, and what ends it sooner. People are not held.
import type { Config } from "../../config/config.ts";
import type { Budget, WorkerSpec } from "../../worker/spec.ts";
import type { Stamp } from "../incidents/clock.ts";
import { DEFAULT_POLICY } from "../incidents/facts.ts";
import { isDry, isDryRun } from "../incidents/gather.ts";
import type { Incident } from "../incidents/incident.ts";
import type { Ledger, Renewal } from "../incidents/ledger.ts";
import { seconds } from "../incidents/phrases.ts";
import { budgetFreeAt, cooldownUntil, isUrgent } from "../incidents/rationing.ts";
import type { SuppressReason } from "../incidents/reason.ts";

export interface Hold {
  reason: SuppressReason;
  /** RFC 3339; null: until somebody acts. */
  until: string | null;
  because: string;
  remedy: string;
}

/** In the order of the decision to start: what comes first must end first. Empty: nothing holds it back. */
export function holdsOf({ config, ledger, now }: Holders, spec: WorkerSpec): Hold[] {
  if (spec.manager.kind === "observe") return [];
  const { name } = spec;
  const known = ledger.worker(name);
  const incident = ledger.openIncidentOf(name);
  const until = (mono: number) =>
    Number.isFinite(mono) ? new Date((now.wall + mono - now.mono) * 1000).toISOString() : null;
  const holds: Hold[] = [];
  if (known.desired === "down")
    holds.push({
      reason: "operator_stopped",
      until: null,
      because: known.desiredReason === "finished" ? "it has finished" : "somebody stopped it",
      remedy: `pitcrew start ${name}`,
    });
  for (const pause of ledger.pauses.values())
    if (pause.untilMono > now.mono && (pause.worker === undefined || pause.worker === name))
      holds.push({
        reason: "paused",
        until: until(pause.untilMono),
        because: `automation is paused${pause.worker === undefined ? " for all workers" : ""}`,
        remedy: pause.worker === undefined ? "pitcrew resume" : `pitcrew resume ${name}`,
      });
  if (incident === undefined ? isDryRun(config, "start") : isDry(config, incident))
    holds.push({ reason: "dry_run", until: null, because: "dry run", remedy: "end remediator.dry_run and reload" });
  if (known.quarantine !== undefined)
    holds.push({
      reason: "quarantined",
      until:
        known.quarantine.holds === "stopped"
          ? until(known.quarantine.since.mono + DEFAULT_POLICY.halfOpenSeconds)
          : null,
      because: `quarantined, ${known.quarantine.holds === "stopped" ? "held stopped" : "left running"}`,
      remedy: `pitcrew clear ${name} lets it out`,
    });
  holds.push(...cooling({ ledger, now }, { spec, incident, until }));
  holds.push(...overBudget({ config, ledger, now }, { spec, incident, until }));
  return holds;
}

/** `its budget of urgent starts is spent (3 in 30m00s), until 2026-02-15T12:00:00Z: pitcrew start w starts it now` */
export function heldText({ because, until, remedy }: Hold): string {
  return `${because}${until === null ? "" : `, until ${until}`}: ${remedy}`;
}

export interface Holders {
  config: Config;
  ledger: Ledger;
  now: Stamp;
}

interface About {
  spec: WorkerSpec;
  incident: Incident | undefined;
  until: (mono: number) => string | null;
}

/** It separates renewals: the start that ends one, and the next planned one, whoever asks for it. */
function cooling({ ledger, now }: Omit<Holders, "config">, { spec, incident, until }: About): Hold[] {
  const end = cooldownUntil(spec, ledger.renewals);
  if (incident === undefined || incident.force === true || end === undefined || end <= now.mono) return [];
  const stopped = incident.state === "holding" && incident.ladder !== "start" && incident.source !== "operator";
  if (!stopped && !(incident.state === "open" && incident.ladder === "recycle")) return [];
  const remedy = stopped ? startsNow(spec.name) : `pitcrew recycle ${spec.name} --force does not wait for it`;
  return [{ reason: "cooldown", until: until(end), because: "it was renewed lately and is in its cooldown", remedy }];
}

function overBudget({ config, ledger: { renewals }, now }: Holders, { spec, incident, until }: About): Hold[] {
  // It holds back the start after the next crash, or the urgent one that is open; a planned one does not ask.
  if (incident !== undefined && incident.source !== "operator" && !isUrgent(incident.reason)) return [];
  const own = renewals.filter((renewal) => renewal.worker === spec.name);
  const hold = (budget: Budget, spent: readonly Renewal[], whose: string, key: string): Hold[] => {
    const freeAt = budgetFreeAt(budget, spent, now.mono);
    if (freeAt <= now.mono) return [];
    const because = `${whose} budget of urgent starts is spent (${budget.starts} in ${seconds(budget.windowSeconds)})`;
    const remedy = `${startsNow(spec.name)}; or raise ${key} and reload`;
    return [{ reason: "budget", until: until(freeAt), because, remedy }];
  };
  return [
    ...hold(spec.budget, own, "its", "its budget"),
    ...hold(config.remediator.budget, renewals, "the host's", "remediator.budget"),
  ];
}

function startsNow(worker: string): string {
  return `pitcrew start ${worker} starts it now`;
}
