// The typed, validated configuration: what the rest of the program sees of pitcrew.yml.
import type { Budget, WorkerSpec } from "../worker/spec.ts";

/** What an alert may ask for: the `remediation` label of an actionable rule. */
export const REMEDIATIONS = ["relieve", "recycle", "restart", "restart_largest", "start"] as const;
export type Remediation = (typeof REMEDIATIONS)[number];

export interface ListenAddress {
  /** An address or a name, an IPv6 address without brackets; empty: every interface. */
  host: string;
  /** 0: any free port. */
  port: number;
}

export interface GuardConfig {
  when: "always" | "pipeline_down" | "never";
  heartbeatTimeoutSeconds: number;
  intervalSeconds: number;
  /** Absolute paths of rule files. */
  rules: readonly string[];
}

export interface AlertmanagerConfig {
  /** Without a trailing slash. */
  url: string;
  /** A file with the token that its proxy asks for. */
  credentialsFile: string | undefined;
  timeoutSeconds: number;
}

export interface RemediatorConfig {
  listen: ListenAddress;
  /** True: all remediations; a list: only those. */
  dryRun: boolean | readonly Remediation[];
  maxConcurrent: number;
  /** Group → workers that planned renewals keep up. */
  minHealthy: ReadonlyMap<string, number>;
  budget: Budget;
  trustedAlerts: readonly string[];
  webhook: { credentialsFile: string | undefined };
  /** Whose silences the guard honours; undefined: nobody's. */
  alertmanager: AlertmanagerConfig | undefined;
  /** What the journal keeps of ended incidents. */
  journal: { maxAgeSeconds: number; maxBytes: number };
  guard: GuardConfig;
  /** A renewal counts as verified when the new incarnation has lived so long … */
  verifySeconds: number;
  /** Down and age are not acted on for so long after pitcrew's own start. */
  startupGraceSeconds: number;
}

export interface ExporterConfig {
  listen: ListenAddress;
  /** Proportional memory of every worker; undefined: only where a limit is held against it. */
  proportional: { intervalSeconds: number; maxResidentBytes: number } | undefined;
}

export interface Config {
  /** Absolute path of the file it was read from. */
  file: string;
  host: string;
  runDirectory: string;
  stateDirectory: string;
  logDirectory: string;
  /** Undefined: the default, a function of the machine's total (worker/system-memory.ts). */
  system: { minAvailableBytes: number | undefined; criticalAvailableBytes: number | undefined };
  workers: readonly WorkerSpec[];
  exporter: ExporterConfig;
  remediator: RemediatorConfig;
}
