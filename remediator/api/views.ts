// The JSON that people's scripts read: `pitcrew status --json`, `history --json` and the HTTP API give the same shapes.
import type { Config } from "../../config/config.ts";
import type { SystemReading, WorkerReading } from "../../worker/reading.ts";
import type { WorkerSpec } from "../../worker/spec.ts";
import type { Stamp } from "../incidents/clock.ts";
import { isPaused } from "../incidents/gather.ts";
import type { Incident } from "../incidents/incident.ts";
import { isOpen, targetName } from "../incidents/incident.ts";
import type { Ledger, Refusal } from "../incidents/ledger.ts";
import { budgetRemaining, cooldownUntil } from "../incidents/rationing.ts";
import { leftBehind } from "../managers/left-behind.ts";
import { holdsOf } from "./holds.ts";

export type WorkerView = ReturnType<typeof workerView>;
export type IncidentView = ReturnType<typeof incidentView>;

export interface LoopView {
  version: string;
  /** RFC 3339. */
  started_at: string;
  dry_run: boolean | readonly string[];
  guard: "off" | "always_rules" | "all_rules";
  /** Seconds since the last heartbeat of this host; null before the first. */
  heartbeat_age_seconds: number | null;
  journal_writable: boolean;
  /** Whether Alertmanager's silences are known; `off`: no Alertmanager is configured. */
  silences: "off" | "unknown" | "known";
}

export interface StatusView {
  version: 1;
  host: string;
  at: string;
  /** Null when the remediator does not run: the rest is then read from its files. */
  remediator: LoopView | null;
  system: {
    memory_total_bytes: number | null;
    memory_available_bytes: number | null;
    memory_available_min_bytes: number | null;
    memory_available_critical_bytes: number | null;
  };
  workers: readonly WorkerView[];
  /** Supervised workers that run although the configuration no longer names them. */
  left_behind: readonly { worker: string; pid: number }[];
  open_incidents: readonly IncidentView[];
  pauses: readonly { id: string; worker: string | null; reason: string; by: string; until: string }[];
  budget: { host_remaining: number; workers: Readonly<Record<string, number>> };
}

export interface StatusFacts {
  config: Config;
  ledger: Ledger;
  readings: ReadonlyMap<string, WorkerReading>;
  system: SystemReading;
  now: Stamp;
  loop: LoopView | null;
}

export function statusView(facts: StatusFacts): StatusView {
  const { config, ledger, now, system } = facts;
  return {
    version: 1,
    host: config.host,
    at: instant(now.wall),
    remediator: facts.loop,
    system: {
      memory_total_bytes: system.memoryTotalBytes ?? null,
      memory_available_bytes: system.memoryAvailableBytes ?? null,
      memory_available_min_bytes: system.memoryAvailableMinBytes ?? null,
      memory_available_critical_bytes: system.memoryAvailableCriticalBytes ?? null,
    },
    workers: config.workers.map((spec) => workerView(facts, spec)),
    left_behind: leftBehind(config).map(({ worker, incarnation: { pid } }) => ({ worker, pid })),
    open_incidents: ledger.openIncidents().map(incidentView),
    pauses: [...ledger.pauses.values()]
      .filter((pause) => pause.untilMono > now.mono)
      .map(({ id, worker, reason, by, untilMono }) => ({
        id,
        worker: worker ?? null,
        reason,
        by,
        until: instant(now.wall + untilMono - now.mono),
      })),
    budget: {
      host_remaining: budgetRemaining(config.remediator.budget, ledger.renewals, now.mono),
      workers: Object.fromEntries(config.workers.map((spec) => [spec.name, workerBudget(ledger, spec, now)])),
    },
  };
}

export function workerView(facts: Omit<StatusFacts, "system" | "loop">, spec: WorkerSpec) {
  const { ledger, now } = facts;
  const known = ledger.worker(spec.name);
  const reading = facts.readings.get(spec.name);
  const tree = reading?.tree;
  const incident = ledger.openIncidentOf(spec.name);
  const cooldown = cooldownUntil(spec, ledger.renewals);
  return {
    worker: spec.name,
    group: spec.group,
    manager: spec.manager.kind,
    state: reading?.presence.kind ?? "unknown",
    desired: spec.manager.kind === "observe" ? null : known.desired,
    desired_reason: known.desiredReason,
    pid: reading?.presence.kind === "up" ? reading.presence.incarnation.pid : null,
    age_seconds: tree?.ageSeconds ?? null,
    max_age_seconds: tree?.maxAgeSeconds ?? null,
    memory_bytes: tree?.memoryBytes ?? null,
    memory_limit_bytes: spec.limits.memoryBytes ?? null,
    processes: tree?.members.length ?? null,
    consecutive_brakes: reading?.brakeStreak ?? null,
    restarts: Object.fromEntries(known.restarts),
    exits: Object.fromEntries(known.exits),
    last_exit:
      known.lastExit === undefined
        ? null
        : { code: known.lastExit.code ?? null, reason: known.lastExit.reason, at: instant(known.lastExit.atWall) },
    incident: incident === undefined ? null : incidentView(incident),
    quarantined: known.quarantine !== undefined,
    paused: isPaused(ledger, spec.name, now.mono),
    held_back: holdsOf({ config: facts.config, ledger, now }, spec),
    cooldown_until: cooldown !== undefined && cooldown > now.mono ? instant(now.wall + cooldown - now.mono) : null,
  };
}

export function incidentView(incident: Incident) {
  return {
    id: incident.id,
    target: targetName(incident.target),
    ladder: incident.ladder,
    reason: incident.reason,
    source: incident.source,
    alertname: incident.alertname ?? null,
    by: incident.by ?? null,
    state: incident.state,
    open: isOpen(incident),
    blocked: incident.blocked ?? null,
    suppressed: incident.suppressed ?? null,
    pid: incident.incarnation?.pid ?? null,
    replacement_pid: incident.replacement?.pid ?? null,
    opened_at: instant(incident.openedAt.wall),
    changed_at: instant(incident.changedAt.wall),
    story: incident.story.map((line) => ({
      at: instant(line.at.wall),
      text: line.text,
      action: line.action ?? null,
      outcome: line.outcome ?? null,
      took_seconds: line.tookSeconds ?? null,
    })),
  };
}

export function refusalView({ at, reason, alertname, worker, host, source }: Refusal) {
  return { at: instant(at.wall), reason, alertname, worker, host, source };
}

export interface IncidentQuery {
  worker?: string;
  state?: string;
  sinceWall?: number;
  limit?: number;
}

/** Newest last, as a story is read. */
export function selectIncidents(ledger: Ledger, query: IncidentQuery): IncidentView[] {
  const chosen = [...ledger.incidents.values()].filter(
    (incident) =>
      (query.worker === undefined || targetName(incident.target) === query.worker) &&
      (query.state === undefined || incident.state === query.state || (query.state === "open" && isOpen(incident))) &&
      (query.sinceWall === undefined || incident.openedAt.wall >= query.sinceWall),
  );
  return chosen.slice(-(query.limit ?? 100)).map(incidentView);
}

function workerBudget(ledger: Ledger, spec: WorkerSpec, now: Stamp): number {
  const own = ledger.renewals.filter((renewal) => renewal.worker === spec.name);
  return budgetRemaining(spec.budget, own, now.mono);
}

function instant(wall: number): string {
  return new Date(wall * 1000).toISOString();
}
