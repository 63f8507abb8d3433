// Literals of what the engine thinks with: a test writes down only what matters to it.
import type { Config, RemediatorConfig } from "../../../config/config.ts";
import type { Stamp } from "../../../remediator/incidents/clock.ts";
import { DEFAULT_POLICY, type Policy, type Rations, type WorkerFacts } from "../../../remediator/incidents/facts.ts";
import type { Incident } from "../../../remediator/incidents/incident.ts";
import { Ledger, type WorkerLedger } from "../../../remediator/incidents/ledger.ts";
import type { BrakeRecord } from "../../../worker/files/brake-record.ts";
import type { Incarnation } from "../../../worker/incarnation.ts";
import type { Presence, SystemReading, TreeReading, WorkerReading } from "../../../worker/reading.ts";
import type { Limits, ManagerSpec, WorkerSpec } from "../../../worker/spec.ts";

export const BOOT = "11111111-1111-4111-8111-111111111111";
export const OTHER_BOOT = "22222222-2222-4222-8222-222222222222";
export const MIB = 1024 * 1024;
/** The moment of a decision, unless a test says otherwise. */
export const NOW: Stamp = { mono: 10_000, wall: 1_771_000_000 };

/** So many seconds from `NOW`. */
export function at(seconds: number): Stamp {
  return { mono: NOW.mono + seconds, wall: NOW.wall + seconds };
}

export function incarnation(pid = 100, bootId = BOOT): Incarnation {
  return { bootId, pid, startTicks: pid * 10 };
}

export function supervised(restart: "always" | "on-failure" | "never" = "on-failure"): ManagerSpec {
  return { kind: "supervised", restart, launch: { argv: ["work"], directory: "/", environment: {} } };
}

export function command(startAtBoot = false): ManagerSpec {
  return {
    kind: "command",
    startAtBoot,
    launch: { argv: ["work"], directory: "/", environment: {} },
    locator: { kind: "pidfile", path: "/run/w.pid" },
  };
}

export const OBSERVED: ManagerSpec = { kind: "observe", locator: { kind: "pidfile", path: "/run/w.pid" } };

export interface SpecLiteral extends Partial<Omit<WorkerSpec, "limits" | "stop">> {
  limits?: Partial<Limits>;
  stop?: Partial<WorkerSpec["stop"]>;
}

export function spec(wanted: SpecLiteral = {}): WorkerSpec {
  const { limits, stop, ...rest } = wanted;
  return {
    name: "w",
    group: "w",
    index: 1,
    manager: supervised(),
    startIntervalSeconds: 0,
    budget: { starts: 3, windowSeconds: 1800 },
    cooldownSeconds: 60,
    ...rest,
    limits: { measure: "auto", ageJitter: 0, consecutiveBrakes: 10, memoryBytes: 100 * MIB, ...limits },
    stop: { drainSeconds: 300, signal: "SIGTERM", graceSeconds: 30, ...stop },
  };
}

export function up(pid = 100): Presence {
  return { kind: "up", incarnation: incarnation(pid) };
}

export const DOWN: Presence = { kind: "down" };
export const UNREADABLE: Presence = { kind: "unknown", source: "record" };
export const AMBIGUOUS: Presence = { kind: "ambiguous", roots: 2 };

export interface ReadingLiteral extends Partial<Omit<WorkerReading, "spec" | "tree">> {
  spec?: SpecLiteral | WorkerSpec;
  tree?: Partial<TreeReading>;
}

/** Up as pid 100 with 50 MiB, unless told otherwise. */
export function reading(wanted: ReadingLiteral = {}): WorkerReading {
  const { spec: specLiteral, tree, presence = up(), ...rest } = wanted;
  return {
    spec: spec(specLiteral),
    presence,
    desiredUp: true,
    brake: undefined,
    brakeStreak: undefined,
    tree:
      presence.kind === "up"
        ? {
            members: [presence.incarnation],
            startTimeSeconds: NOW.wall - 3600,
            ageSeconds: 3600,
            maxAgeSeconds: undefined,
            residentMemoryBytes: 50 * MIB,
            memoryBytes: 50 * MIB,
            residentMemoryPeakBytes: 50 * MIB,
            ...tree,
          }
        : undefined,
    ...rest,
  };
}

export function brake(wanted: Partial<BrakeRecord> = {}): BrakeRecord {
  return {
    version: 1,
    worker: "w",
    incarnation: incarnation(),
    brakesTotal: 0,
    consecutiveBrakes: 0,
    limit: 10,
    lastBrakeSeconds: undefined,
    handles: ["relief", "drain"],
    ending: undefined,
    ...wanted,
  };
}

/** Seen running as pid 100 for an hour. */
export function workerLedger(wanted: Partial<WorkerLedger> = {}): WorkerLedger {
  return { ...new Ledger().worker("w"), incarnation: incarnation(), seenAt: at(-3600), ended: false, ...wanted };
}

/** Its process has ended, and that is written down. */
export function endedLedger(wanted: Partial<WorkerLedger> = {}): WorkerLedger {
  return workerLedger({
    ended: true,
    lastExit: { incarnation: incarnation(), code: 1, reason: "error", atWall: at(-120).wall, at: at(-120) },
    ...wanted,
  });
}

export const UNRATIONED: Rations = {
  cooldownUntil: undefined,
  workerBudgetFreeAt: NOW.mono,
  hostBudgetFreeAt: NOW.mono,
  backoffUntil: 0,
  groupStartFreeAt: 0,
};

/** Everything allows everything: up, over its limit, nothing rationed. */
export function facts(wanted: Partial<WorkerFacts> = {}): WorkerFacts {
  return {
    now: NOW,
    reading: reading(),
    condition: { kind: "true", value: 120 * MIB, limit: 100 * MIB },
    ledger: workerLedger(),
    seenInThisBoot: true,
    owner: undefined,
    remains: [],
    slotFree: true,
    healthyPeers: 9,
    minHealthy: 0,
    paused: false,
    storm: false,
    dryRun: false,
    daemonAgeSeconds: 3600,
    critical: false,
    rations: UNRATIONED,
    ...wanted,
  };
}

/** Down, its exit known, and asked to start. */
export function downFacts(wanted: Partial<WorkerFacts> = {}): WorkerFacts {
  return facts({ reading: reading({ presence: DOWN }), ledger: endedLedger(), ...wanted });
}

export const POLICY: Policy = { ...DEFAULT_POLICY, startupGraceSeconds: 30, verifySeconds: 60 };

/** An open restart of pid 100 for memory, asked for by an alert a second ago. */
export function incident(wanted: Partial<Incident> = {}): Incident {
  return {
    id: "i-1",
    target: { kind: "worker", worker: "w" },
    ladder: "restart",
    reason: "memory_limit",
    source: "webhook",
    alertname: "PitcrewWorkerMemoryOverLimit",
    state: "open",
    incarnation: incarnation(),
    openedAt: at(-1),
    changedAt: at(-1),
    story: [{ at: at(-1), text: "opened" }],
    ...wanted,
  };
}

/** A start of a worker that is down; it means no incarnation. */
export function startIncident(wanted: Partial<Incident> = {}): Incident {
  const { incarnation: _none, alertname: _no, ...rest } = incident();
  return { ...rest, ladder: "start", reason: "crash", source: "supervision", ...wanted };
}

export const ROOMY: SystemReading = {
  memoryTotalBytes: 8192 * MIB,
  memoryAvailableBytes: 4096 * MIB,
  memoryAvailableMinBytes: 800 * MIB,
  memoryAvailableCriticalBytes: 400 * MIB,
};

export function remediatorConfig(wanted: Partial<RemediatorConfig> = {}): RemediatorConfig {
  return {
    listen: { host: "127.0.0.1", port: 0 },
    dryRun: false,
    maxConcurrent: 1,
    minHealthy: new Map(),
    budget: { starts: 6, windowSeconds: 1800 },
    trustedAlerts: [],
    webhook: { credentialsFile: undefined },
    alertmanager: undefined,
    journal: { maxAgeSeconds: 90 * 86_400, maxBytes: 16 * MIB },
    guard: { when: "never", heartbeatTimeoutSeconds: 180, intervalSeconds: 2, rules: [] },
    verifySeconds: 60,
    startupGraceSeconds: 30,
    ...wanted,
  };
}

export function config(
  wanted: Partial<Omit<Config, "remediator">> & { remediator?: Partial<RemediatorConfig> } = {},
): Config {
  const { remediator, ...rest } = wanted;
  return {
    file: "/etc/pitcrew/pitcrew.yml",
    host: "h",
    runDirectory: "/nowhere/run",
    stateDirectory: "/nowhere/state",
    logDirectory: "/nowhere/log",
    system: { minAvailableBytes: undefined, criticalAvailableBytes: undefined },
    workers: [spec()],
    exporter: { listen: { host: "127.0.0.1", port: 0 }, proportional: undefined },
    ...rest,
    remediator: remediatorConfig(remediator),
  };
}
