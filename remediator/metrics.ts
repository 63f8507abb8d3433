// The remediator's metric families, made from the ledger at each scrape: `status`, `history`, the journal and /metrics cannot disagree.
import { REMEDIATIONS } from "../config/config.ts";
import type { Histogram } from "../daemon/instruments.ts";
import type { Labels, MetricFamily, MetricSample } from "../daemon/metric.ts";
import type { BuildInfo } from "../daemon/version.ts";
import type { WorkerSpec } from "../worker/spec.ts";
import type { StatusFacts } from "./api/views.ts";
import type { RemediatorMetric } from "./catalogue.ts";
import { entryOf } from "./catalogue.ts";
import { isDryRun, isPaused } from "./incidents/gather.ts";
import { OPEN_STATES } from "./incidents/incident.ts";
import { budgetRemaining, cooldownUntil } from "./incidents/rationing.ts";
import { EXIT_REASONS, REASONS, SUPPRESS_REASONS } from "./incidents/reason.ts";
import { groupsOf, isStorm } from "./incidents/storm.ts";

export const NOTIFICATION_RESULTS = [
  "accepted",
  "nothing_to_do",
  "unauthorized",
  "malformed",
  "too_large",
  "unavailable",
] as const;
export type NotificationResult = (typeof NOTIFICATION_RESULTS)[number];

const ACTIONS = ["relieve", "drain", "terminate", "kill", "start"] as const;
const OUTCOMES = ["done", "ineffective", "failed", "timed_out"] as const;

export interface RemediatorMetricFacts extends StatusFacts {
  build: BuildInfo;
  telemetry: {
    notifications: ReadonlyMap<NotificationResult, number>;
    actionDurations: Histogram;
    alertToAction: Histogram;
  };
  heartbeatWall: number | undefined;
  reload: { successful: boolean; atWall: number };
}

export function remediatorFamilies(facts: RemediatorMetricFacts): MetricFamily[] {
  const host = { host: facts.config.host };
  const one = (name: RemediatorMetric, value: number | undefined): MetricFamily =>
    gauge(name, value === undefined ? [] : [{ labels: host, value }]);
  return [
    ...workerFamilies(facts),
    counter(
      "pitcrew_remediator_notifications_total",
      enumerated(host, "result", NOTIFICATION_RESULTS, facts.telemetry.notifications),
    ),
    gauge("pitcrew_remediator_incidents_open", enumerated(host, "state", OPEN_STATES, openByState(facts))),
    counter("pitcrew_remediator_actions_total", actionSamples(facts, host)),
    counter(
      "pitcrew_remediator_suppressed_total",
      enumerated(host, "reason", SUPPRESS_REASONS, facts.ledger.suppressed),
    ),
    facts.telemetry.actionDurations.family(),
    facts.telemetry.alertToAction.family(),
    gauge("pitcrew_remediator_budget_remaining", budgetSamples(facts)),
    one("pitcrew_remediator_heartbeat_timestamp_seconds", facts.heartbeatWall),
    one("pitcrew_remediator_guard_active", Number(facts.loop?.guard === "all_rules")),
    one("pitcrew_remediator_dry_run", Number(REMEDIATIONS.some((remediation) => isDryRun(facts.config, remediation)))),
    gauge(
      "pitcrew_remediator_remediation_dry_run",
      REMEDIATIONS.map((remediation) => ({
        labels: { ...host, remediation },
        value: Number(isDryRun(facts.config, remediation)),
      })),
    ),
    one(
      "pitcrew_remediator_storm",
      Number(isStorm(facts.ledger.renewals, groupsOf(facts.config.workers), facts.now.mono)),
    ),
    one("pitcrew_remediator_journal_writable", Number(facts.loop?.journal_writable ?? false)),
    gauge("pitcrew_remediator_build_info", [
      {
        labels: {
          ...host,
          version: facts.build.version,
          revision: facts.build.revision,
          node_version: facts.build.nodeVersion,
        },
        value: 1,
      },
    ]),
    one("pitcrew_remediator_config_last_reload_successful", Number(facts.reload.successful)),
    one("pitcrew_remediator_config_last_reload_success_timestamp_seconds", facts.reload.atWall),
  ];
}

function workerFamilies(facts: RemediatorMetricFacts): MetricFamily[] {
  const { config, ledger, now } = facts;
  const workers = config.workers.map((spec) => ({
    spec,
    labels: labelsOf(config.host, spec),
    known: ledger.worker(spec.name),
  }));
  const perWorker = (value: (worker: (typeof workers)[number]) => number | undefined): MetricSample[] =>
    workers.flatMap((worker) => {
      const found = value(worker);
      return found === undefined ? [] : [{ labels: worker.labels, value: found }];
    });
  return [
    counter(
      "pitcrew_worker_restarts_total",
      workers.flatMap(({ labels, known }) => enumerated(labels, "reason", REASONS, known.restarts)),
    ),
    counter(
      "pitcrew_worker_exits_total",
      workers.flatMap(({ labels, known }) => enumerated(labels, "reason", EXIT_REASONS, known.exits)),
    ),
    gauge(
      "pitcrew_worker_last_exit_code",
      perWorker(({ known }) => known.lastExit?.code),
    ),
    gauge(
      "pitcrew_worker_last_exit_timestamp_seconds",
      perWorker(({ known }) => known.lastExit?.atWall),
    ),
    gauge(
      "pitcrew_worker_quarantined",
      perWorker(({ known }) => Number(known.quarantine !== undefined)),
    ),
    gauge(
      "pitcrew_worker_paused",
      perWorker(({ spec }) => Number(isPaused(ledger, spec.name, now.mono))),
    ),
    gauge(
      "pitcrew_worker_cooldown_until_timestamp_seconds",
      perWorker(({ spec }) => {
        const until = cooldownUntil(spec, ledger.renewals);
        return until === undefined || until <= now.mono ? undefined : now.wall + until - now.mono;
      }),
    ),
  ];
}

function openByState({ ledger }: RemediatorMetricFacts): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { state } of ledger.openIncidents()) counts.set(state, (counts.get(state) ?? 0) + 1);
  return counts;
}

function actionSamples({ ledger }: RemediatorMetricFacts, host: Labels): MetricSample[] {
  return ACTIONS.flatMap((action) =>
    OUTCOMES.map((outcome) => ({
      labels: { ...host, action, outcome },
      value: ledger.actions.get(`${action}/${outcome}`) ?? 0,
    })),
  );
}

function budgetSamples({ config, ledger, now }: RemediatorMetricFacts): MetricSample[] {
  const { host } = config;
  return [
    { labels: { host, scope: "host" }, value: budgetRemaining(config.remediator.budget, ledger.renewals, now.mono) },
    ...config.workers.map((spec) => ({
      labels: { host, scope: spec.name },
      value: budgetRemaining(
        spec.budget,
        ledger.renewals.filter((renewal) => renewal.worker === spec.name),
        now.mono,
      ),
    })),
  ];
}

/** Created at 0 for every value: `increase` does not see a counter born at 1. */
function enumerated<K extends string>(
  labels: Labels,
  label: string,
  values: readonly K[],
  counts: ReadonlyMap<string, number>,
): MetricSample[] {
  return values.map((value) => ({ labels: { ...labels, [label]: value }, value: counts.get(value) ?? 0 }));
}

function labelsOf(host: string, spec: WorkerSpec): Labels {
  return { host, worker: spec.name, group: spec.group };
}

function gauge(name: RemediatorMetric, samples: readonly MetricSample[]): MetricFamily {
  return { name, help: entryOf(name).help, type: "gauge", samples };
}

function counter(name: RemediatorMetric, samples: readonly MetricSample[]): MetricFamily {
  return { name, help: entryOf(name).help, type: "counter", samples };
}
