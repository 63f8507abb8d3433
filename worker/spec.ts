// What a configured worker is: the product of `config/`, read by everything else.
import type { WorkerName } from "./name.ts";

/** How the process of a worker that we did not start is recognised. */
export type Locator =
  | { kind: "pidfile"; path: string }
  | {
      kind: "match";
      /** Tested against the arguments joined by single spaces. */
      cmdline: RegExp;
      user?: string;
      /** Matching processes are assigned to sticky slots, oldest first; undefined when the pattern names this worker alone. */
      slot?: { index: number; count: number };
    };

export type RestartPolicy = "always" | "on-failure" | "never";
export type Measure = "auto" | "rss" | "pss" | "cgroup";

/** What a start of ours gives the new process. */
export interface Launch {
  argv: readonly string[];
  directory: string;
  /** Undefined: the user that pitcrew runs as. */
  user?: string;
  environment: Readonly<Record<string, string>>;
}

export type ManagerSpec =
  /** `unit`: the systemd unit that `pitcrew units` wrote for it; without one it runs under a shim of ours. */
  | { kind: "supervised"; launch: Launch; restart: RestartPolicy; unit?: string }
  /** `user`: whose service manager has the unit (`systemctl --user`); without one it is the system's. */
  | { kind: "systemd"; unit: string; user?: string }
  | { kind: "command"; locator: Locator; launch: Launch; stopCommand?: readonly string[]; startAtBoot: boolean }
  | { kind: "observe"; locator: Locator };

export interface Limits {
  memoryBytes?: number;
  memoryReliefBytes?: number;
  measure: Measure;
  ageSeconds?: number;
  /** 0 … 1: the limit is lengthened or shortened by at most this fraction, by a hash of worker and incarnation. */
  ageJitter: number;
  consecutiveBrakes: number;
}

export interface Budget {
  starts: number;
  windowSeconds: number;
}

/** One worker: `count` and `{index}` are already expanded. */
export interface WorkerSpec {
  name: WorkerName;
  group: string;
  /** 1 … count */
  index: number;
  manager: ManagerSpec;
  limits: Limits;
  stop: { drainSeconds: number; signal: NodeJS.Signals; graceSeconds: number };
  startIntervalSeconds: number;
  budget: Budget;
  cooldownSeconds: number;
}
