// Gathers, fresh for one decision, all that the decision may look at.
import type { Config } from "../../config/config.ts";
import { incarnationKey } from "../../worker/incarnation.ts";
import type { SystemReading, WorkerReading } from "../../worker/reading.ts";
import type { WorkerSpec } from "../../worker/spec.ts";
import type { OwnerView } from "../managers/manager.ts";
import type { HostFacts } from "./decide-host.ts";
import type { EngineDeps } from "./engine-deps.ts";
import type { Rations, WorkerFacts } from "./facts.ts";
import type { Incident, IncidentId } from "./incident.ts";
import { holdsSlot } from "./incident.ts";
import type { Ledger } from "./ledger.ts";
import { backoffSeconds, budgetFreeAt, cooldownUntil } from "./rationing.ts";
import { groupsOf, isStorm } from "./storm.ts";
import type { Candidate } from "./victim.ts";

export interface GatherContext {
  deps: EngineDeps;
  ledger: Ledger;
  /** The last reading of each worker, for its peers' decisions. */
  latest: ReadonlyMap<string, WorkerReading>;
  daemonStartedMono: number;
  /** Monotonic seconds of the last attempt to start one of the group. */
  groupStartedAt: ReadonlyMap<string, number>;
}

/** @param reading fresh, and followed: what the ledger knows of the worker includes it. Undefined: it is not in the configuration any more. */
export function gatherWorker(
  context: GatherContext,
  incident: Incident,
  worker: string,
  reading: WorkerReading | undefined,
): WorkerFacts {
  const { deps, ledger } = context;
  const config = deps.config();
  const system = deps.observeSystem();
  const now = deps.clock();
  const known = ledger.worker(worker);
  const target = incident.incarnation ?? known.incarnation;
  const remains =
    reading === undefined || target === undefined || isUntouched(incident, reading)
      ? []
      : deps.manager(reading.spec).remains(reading.spec, target, incident.members ?? []);
  const peers = reading === undefined ? 0 : healthyPeers(context, config, reading.spec);
  return {
    now,
    reading,
    condition: deps.condition(
      { ...incident, ...incident.doubt },
      { workers: reading === undefined ? [] : [reading], system },
    ),
    ledger: known,
    seenInThisBoot: known.incarnation?.bootId === deps.bootId,
    owner: reading === undefined ? undefined : ownerOf(deps, reading),
    remains,
    slotFree: slotsTaken(ledger, incident) < config.remediator.maxConcurrent,
    healthyPeers: peers,
    minHealthy: reading === undefined ? 0 : (config.remediator.minHealthy.get(reading.spec.group) ?? 0),
    paused: isPaused(ledger, worker, now.mono),
    storm: isStorm(ledger.renewals, groupsOf(config.workers), now.mono),
    dryRun: isDry(config, incident),
    daemonAgeSeconds: now.mono - context.daemonStartedMono,
    critical: isCritical(system),
    rations: rations(context, config, reading?.spec, incident, worker, now.mono),
  };
}

export async function gatherHost(context: GatherContext, incident: Incident): Promise<HostFacts> {
  const { deps, ledger } = context;
  const config = deps.config();
  const system = deps.observeSystem();
  const critical = isCritical(system);
  const now = deps.clock();
  const candidates: Candidate[] = [];
  for (const spec of config.workers) {
    const reading = await deps.observeWorker(spec.name);
    if (reading !== undefined) candidates.push({ reading, excluded: exclusion(context, config, reading, critical) });
  }
  return {
    now,
    condition: deps.condition(incident, { workers: [], system }),
    candidates,
    stopping: ledger.openIncidents().some((other) => isEnding(other, incident.victims ?? [])),
    paused: isPaused(ledger, undefined, now.mono),
    critical,
    dryRun: isDry(config, incident),
  };
}

function ownerOf(deps: EngineDeps, { spec, presence }: WorkerReading): OwnerView | undefined {
  return deps.manager(spec).ownerView?.(spec, presence.kind === "up" ? presence.incarnation : undefined);
}

/** Nothing of it is being ended: the thorough look for what remains would be for nothing. */
function isUntouched({ state }: Incident, reading: WorkerReading): boolean {
  return reading.presence.kind === "up" && (state === "open" || state === "relieving" || state === "verifying");
}

/** A victim that was chosen and not yet ended is waited for, too. */
function isEnding({ id, state }: Incident, victims: readonly IncidentId[]): boolean {
  if (state === "terminating" || state === "killing") return true;
  return victims.includes(id) && (state === "open" || state === "relieving" || state === "draining");
}

function exclusion(
  context: GatherContext,
  config: Config,
  reading: WorkerReading,
  critical: boolean,
): string | undefined {
  const { ledger, deps } = context;
  const { spec } = reading;
  if (spec.manager.kind === "observe") return "is not ours to stop (manager: observe)";
  if (reading.presence.kind !== "up") return "is not up";
  const open = ledger.openIncidentOf(spec.name);
  if (open !== undefined && (holdsSlot(open) || open.state === "holding")) return "is being renewed";
  const { desired, actedOn } = ledger.worker(spec.name);
  if (desired === "down") return "is meant to be down";
  if (actedOn === incarnationKey(reading.presence.incarnation)) return "has been acted on before";
  if (isPaused(ledger, spec.name, deps.clock().mono)) return "is paused";
  if (critical) return undefined;
  const until = cooldownUntil(spec, ledger.renewals);
  if (until !== undefined && until > deps.clock().mono) return "is in its cooldown";
  const needed = config.remediator.minHealthy.get(spec.group) ?? 0;
  return healthyPeers(context, config, spec) < needed ? "is needed by its group (min_healthy)" : undefined;
}

function healthyPeers(context: GatherContext, config: Config, spec: WorkerSpec): number {
  return config.workers.filter(
    (peer) =>
      peer.group === spec.group &&
      peer.name !== spec.name &&
      context.latest.get(peer.name)?.presence.kind === "up" &&
      !beingRenewed(context.ledger.openIncidentOf(peer.name)),
  ).length;
}

function beingRenewed(incident: Incident | undefined): boolean {
  return (
    incident !== undefined && incident.state !== "open" && incident.state !== "relieving" && incident.ladder !== "start"
  );
}

function slotsTaken(ledger: Ledger, besides: Incident): number {
  return ledger.openIncidents().filter((incident) => incident.id !== besides.id && holdsSlot(incident)).length;
}

export function isPaused(ledger: Ledger, worker: string | undefined, mono: number): boolean {
  for (const pause of ledger.pauses.values())
    if (pause.untilMono > mono && (pause.worker === undefined || pause.worker === worker)) return true;
  return false;
}

/** A victim is renewed by the remediation that chose it. */
export function isDry(config: Config, { ladder, reason }: Incident): boolean {
  return isDryRun(config, ladder === "restart" && reason === "system_memory" ? "restart_largest" : ladder);
}

export function isDryRun({ remediator: { dryRun } }: Config, asked: Incident["ladder"]): boolean {
  return typeof dryRun === "boolean" ? dryRun : dryRun.some((remediation) => remediation === asked);
}

export function isCritical(system: SystemReading): boolean {
  const { memoryAvailableBytes: available, memoryAvailableCriticalBytes: floor } = system;
  return available !== undefined && floor !== undefined && available < floor;
}

function rations(
  context: GatherContext,
  config: Config,
  spec: WorkerSpec | undefined,
  incident: Incident,
  worker: string,
  now: number,
): Rations {
  const { renewals } = context.ledger;
  const own = renewals.filter((renewal) => renewal.worker === worker);
  const ledger = context.ledger.worker(worker);
  const failures = incident.startAttempts ?? 0;
  const afterFailedStart = failures === 0 ? 0 : (incident.startFailedAt ?? 0) + backoffSeconds(failures + 1);
  const afterYoungDeath =
    ledger.youngDeaths === 0 ? 0 : (ledger.lastExit?.at.mono ?? 0) + backoffSeconds(ledger.youngDeaths);
  const groupStart = spec === undefined ? undefined : context.groupStartedAt.get(spec.group);
  return {
    cooldownUntil: spec === undefined ? undefined : cooldownUntil(spec, renewals),
    workerBudgetFreeAt: spec === undefined ? now : budgetFreeAt(spec.budget, own, now),
    hostBudgetFreeAt: budgetFreeAt(config.remediator.budget, renewals, now),
    backoffUntil: Math.max(afterFailedStart, afterYoungDeath),
    groupStartFreeAt: spec === undefined || groupStart === undefined ? 0 : groupStart + spec.startIntervalSeconds,
  };
}
