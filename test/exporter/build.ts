// Builders that show only what a test is about.
import type { Config } from "../../config/config.ts";
import type { Observing } from "../../exporter/observing.ts";
import { type Observation, READ_SOURCES, type ReadSource, type WorkerReading } from "../../worker/reading.ts";
import type { Limits, WorkerSpec } from "../../worker/spec.ts";
import type { Floors } from "../../worker/system-memory.ts";
import type { ProportionalOptions } from "../../worker/tree/proportional.ts";

export const GIB = 1024 ** 3;

export function workerSpec(name: string, limits: Partial<Limits> = {}): WorkerSpec {
  return {
    name,
    group: name.replace(/-\d+$/, ""),
    index: 1,
    manager: { kind: "observe", locator: { kind: "match", cmdline: new RegExp(`never-matches-${name}`) } },
    limits: { measure: "rss", ageJitter: 0, consecutiveBrakes: 10, ...limits },
    stop: { drainSeconds: 1, signal: "SIGTERM", graceSeconds: 1 },
    startIntervalSeconds: 0,
    budget: { starts: 3, windowSeconds: 1800 },
    cooldownSeconds: 60,
  };
}

export function config(overrides: Partial<Config> = {}): Config {
  return {
    file: "/nowhere/pitcrew.yml",
    host: "box",
    runDirectory: "/nowhere/run",
    stateDirectory: "/nowhere/state",
    logDirectory: "/nowhere/log",
    system: { minAvailableBytes: 2 * GIB, criticalAvailableBytes: GIB },
    workers: [workerSpec("train-1")],
    exporter: { listen: { host: "127.0.0.1", port: 0 }, proportional: undefined },
    remediator: {
      listen: { host: "127.0.0.1", port: 0 },
      dryRun: false,
      maxConcurrent: 1,
      minHealthy: new Map(),
      budget: { starts: 6, windowSeconds: 1800 },
      trustedAlerts: [],
      webhook: { credentialsFile: undefined },
      alertmanager: undefined,
      journal: { maxAgeSeconds: 90 * 86_400, maxBytes: 16 * 1024 ** 2 },
      guard: { when: "never", heartbeatTimeoutSeconds: 180, intervalSeconds: 2, rules: [] },
      verifySeconds: 60,
      startupGraceSeconds: 30,
    },
    ...overrides,
  };
}

/** Everything there is to read of a worker. */
export function upReading(spec: WorkerSpec, overrides: Partial<WorkerReading> = {}): WorkerReading {
  const incarnation = { bootId: "b", pid: 100, startTicks: 1 };
  return {
    spec,
    presence: { kind: "up", incarnation },
    desiredUp: true,
    tree: {
      members: [incarnation, { ...incarnation, pid: 101 }],
      startTimeSeconds: 1_700_000_000,
      ageSeconds: 90.5,
      maxAgeSeconds: spec.limits.ageSeconds,
      residentMemoryBytes: 3 * GIB,
      memoryBytes: 2 * GIB,
      residentMemoryPeakBytes: 4 * GIB,
      threads: 9,
      anonymousMemoryBytes: GIB,
      swapMemoryBytes: 4096,
      proportionalMemoryBytes: 2 * GIB + 5,
      uniqueMemoryBytes: GIB + 6,
      cgroupCurrentBytes: 3 * GIB + 7,
      cgroupMaxBytes: 10 * GIB,
    },
    brake: {
      version: 1,
      worker: spec.name,
      incarnation,
      brakesTotal: 7,
      consecutiveBrakes: 2,
      limit: 5,
      lastBrakeSeconds: 1_700_000_050,
      handles: [],
      ending: undefined,
    },
    brakeStreak: 2,
    counters: { cpuSeconds: 12.34, oomKills: 3 },
    ...overrides,
  };
}

export function downReading(spec: WorkerSpec): WorkerReading {
  return upReading(spec, { presence: { kind: "down" }, tree: undefined, brake: undefined, brakeStreak: undefined });
}

export const SYSTEM: Observation["system"] = {
  memoryTotalBytes: 16 * GIB,
  memoryAvailableBytes: 5 * GIB,
  memoryAvailableMinBytes: 2 * GIB,
  memoryAvailableCriticalBytes: GIB,
  details: {
    isSwapUsed: true,
    swapTotalBytes: 4 * GIB,
    swapFreeBytes: 3 * GIB,
    pressure: { waitingSeconds: 1.5, stalledSeconds: 0.25 },
    oomKills: 2,
  },
};

/** An observer whose eyes are literals. */
export class FakeObserver implements Observing {
  specs: readonly WorkerSpec[];
  floors: Floors | undefined;
  read: (spec: WorkerSpec) => WorkerReading = upReading;
  system: Observation["system"] = SYSTEM;
  looks = 0;
  closed = false;
  proportional: ProportionalOptions | undefined;
  /** Awaited by each look. */
  gate: () => Promise<unknown> = () => Promise.resolve();
  errors = new Map<string, Map<ReadSource, number>>();

  constructor(specs: readonly WorkerSpec[]) {
    this.specs = specs;
    for (const { name } of specs) this.errors.set(name, new Map(READ_SOURCES.map((source) => [source, 0])));
  }

  async observe(): Promise<Observation> {
    this.looks += 1;
    const workers = this.specs.map(this.read);
    await this.gate();
    return { workers, system: this.system };
  }

  readErrors() {
    return this.errors;
  }

  setSpecs(specs: readonly WorkerSpec[], floors: Floors): void {
    this.specs = specs;
    this.floors = floors;
  }

  setProportional(options: ProportionalOptions | undefined): void {
    this.proportional = options;
  }

  close(): void {
    this.closed = true;
  }
}
