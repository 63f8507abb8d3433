// What one look at the machine saw. Absent is absent: an unreadable value is left out, never 0 and never stale.
import type { BrakeRecord } from "./files/brake-record.ts";
import type { Incarnation } from "./incarnation.ts";
import type { WorkerSpec } from "./spec.ts";

/** Where a value comes from: the `source` label of `pitcrew_worker_read_errors_total`. */
export type ReadSource = "processes" | "pidfile" | "record" | "stat" | "memory" | "pss" | "cgroup" | "brake" | "state";
export const READ_SOURCES: readonly ReadSource[] = [
  "processes",
  "pidfile",
  "record",
  "stat",
  "memory",
  "pss",
  "cgroup",
  "brake",
  "state",
];

export type Presence =
  | { kind: "up"; incarnation: Incarnation }
  | { kind: "down" }
  /** The source could not be read: neither up nor down. */
  | { kind: "unknown"; source: ReadSource }
  /** Unrelated roots claim one slot. */
  | { kind: "ambiguous"; roots: number };

/**
 * The tree of an `up` worker. A field is undefined when it could not be read. The optional ones are published, but no rule acts on them: only
 * an observer that was asked for details reads them.
 */
export interface TreeReading {
  /** Root first, every member an incarnation of its own. */
  members: readonly Incarnation[];
  startTimeSeconds: number;
  ageSeconds: number;
  /** The age limit, jitter included. */
  maxAgeSeconds: number | undefined;
  residentMemoryBytes: number | undefined;
  /** What the limits are held against (`limits.measure`). */
  memoryBytes: number | undefined;
  residentMemoryPeakBytes: number | undefined;
  threads?: number | undefined;
  anonymousMemoryBytes?: number | undefined;
  swapMemoryBytes?: number | undefined;
  proportionalMemoryBytes?: number | undefined;
  uniqueMemoryBytes?: number | undefined;
  /** Of the worker's own control group; `max` is undefined without a limit. */
  cgroupCurrentBytes?: number | undefined;
  cgroupMaxBytes?: number | undefined;
}

/** They never decrease within an incarnation, and stay when the worker is down. */
export interface WorkerCounters {
  cpuSeconds: number | undefined;
  /** Undefined without a control group of its own. */
  oomKills: number | undefined;
}

export interface WorkerReading {
  spec: WorkerSpec;
  presence: Presence;
  desiredUp: boolean;
  tree: TreeReading | undefined;
  /** Of the present incarnation or a former one; see `brakeStreak` for which. Undefined: no record, or refused. */
  brake: BrakeRecord | undefined;
  /** 0 for a former incarnation's record; undefined without a record. */
  brakeStreak: number | undefined;
  /** Published, but no rule acts on them. */
  counters?: WorkerCounters | undefined;
}

export interface SystemReading {
  memoryTotalBytes: number | undefined;
  /** The smaller of the host's MemAvailable and the headroom of the visible cgroup root. */
  memoryAvailableBytes: number | undefined;
  /** The two floors; undefined if they are defaults and the total is unreadable. */
  memoryAvailableMinBytes: number | undefined;
  memoryAvailableCriticalBytes: number | undefined;
  /** Published, but no rule acts on them. */
  details?: SystemDetails;
}

export interface SystemDetails {
  /** False: of no process is anything in swap. */
  isSwapUsed: boolean;
  swapTotalBytes: number | undefined;
  swapFreeBytes: number | undefined;
  /** Seconds in which somebody, or everybody, waited for memory; undefined where the kernel does not tell. */
  pressure: { waitingSeconds: number; stalledSeconds: number } | "unreadable" | undefined;
  oomKills: number | undefined;
}

export interface Observation {
  workers: readonly WorkerReading[];
  system: SystemReading;
}
