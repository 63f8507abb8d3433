// Every metric that the remediator publishes: the source of HELP and TYPE and of the documentation.
import type { CatalogueEntry } from "../daemon/metric.ts";

const WORKER = ["host", "worker", "group"] as const;
const HOST = ["host"] as const;

export const REMEDIATOR_CATALOGUE = [
  {
    name: "pitcrew_worker_restarts_total",
    type: "counter",
    labels: [...WORKER, "reason"],
    help: "New incarnations but the first, by why.",
    source: "journal",
  },
  {
    name: "pitcrew_worker_exits_total",
    type: "counter",
    labels: [...WORKER, "reason"],
    help: "Ends of incarnations, by how.",
    source: "journal",
  },
  {
    name: "pitcrew_worker_last_exit_code",
    type: "gauge",
    labels: WORKER,
    help: "Exit code of the last incarnation that ended; 128 + n for signal n; absent if unknown.",
    source: "run directory: <worker>.exit",
  },
  {
    name: "pitcrew_worker_last_exit_timestamp_seconds",
    type: "gauge",
    labels: WORKER,
    help: "Unix time at which the last incarnation ended; absent before the first.",
    source: "journal",
  },
  {
    name: "pitcrew_worker_quarantined",
    type: "gauge",
    labels: WORKER,
    help: "1 while automation has given this worker up until somebody clears it or a half-open try succeeds.",
    source: "journal",
  },
  {
    name: "pitcrew_worker_paused",
    type: "gauge",
    labels: WORKER,
    help: "1 while automation is paused for this worker.",
    source: "journal",
  },
  {
    name: "pitcrew_worker_cooldown_until_timestamp_seconds",
    type: "gauge",
    labels: WORKER,
    help: "Unix time at which the present cooldown ends; absent without one.",
    source: "journal",
  },
  {
    name: "pitcrew_remediator_notifications_total",
    type: "counter",
    labels: [...HOST, "result"],
    help: "Webhook notifications received, by what became of them.",
    source: "webhook",
  },
  {
    name: "pitcrew_remediator_incidents_open",
    type: "gauge",
    labels: [...HOST, "state"],
    help: "Open incidents by state.",
    source: "journal",
  },
  {
    name: "pitcrew_remediator_actions_total",
    type: "counter",
    labels: [...HOST, "action", "outcome"],
    help: "Actions that ended, by outcome.",
    source: "journal",
  },
  {
    name: "pitcrew_remediator_suppressed_total",
    type: "counter",
    labels: [...HOST, "reason"],
    help: "Intents held back or refused, by why.",
    source: "journal and intake",
  },
  {
    name: "pitcrew_remediator_action_duration_seconds",
    type: "histogram",
    labels: [...HOST, "action"],
    help: "Seconds from the beginning of an action to its outcome.",
    source: "journal",
  },
  {
    name: "pitcrew_remediator_alert_to_action_seconds",
    type: "histogram",
    labels: [...HOST, "action"],
    help: "Seconds from the receipt of an intent to the first action on its worker.",
    source: "engine",
  },
  {
    name: "pitcrew_remediator_budget_remaining",
    type: "gauge",
    labels: [...HOST, "scope"],
    help: "Urgent starts that the budget still allows in its window; scope: host, or a worker's name.",
    source: "journal",
  },
  {
    name: "pitcrew_remediator_heartbeat_timestamp_seconds",
    type: "gauge",
    labels: HOST,
    help: "Unix time of the last heartbeat alert of this host; absent before the first.",
    source: "webhook",
  },
  {
    name: "pitcrew_remediator_guard_active",
    type: "gauge",
    labels: HOST,
    help: "1 while the guard acts on every actionable rule, because the pipeline is down or not there.",
    source: "guard",
  },
  {
    name: "pitcrew_remediator_dry_run",
    type: "gauge",
    labels: HOST,
    help: "1 if any remediation is only a dry run.",
    source: "configuration",
  },
  {
    name: "pitcrew_remediator_remediation_dry_run",
    type: "gauge",
    labels: [...HOST, "remediation"],
    help: "1 if this remediation is only a dry run.",
    source: "configuration",
  },
  {
    name: "pitcrew_remediator_storm",
    type: "gauge",
    labels: HOST,
    help: "1 while a storm of renewals holds planned starts.",
    source: "engine",
  },
  {
    name: "pitcrew_remediator_journal_writable",
    type: "gauge",
    labels: HOST,
    help: "1 while the journal can be written; at 0 only memory emergencies are acted on.",
    source: "journal",
  },
  {
    name: "pitcrew_remediator_build_info",
    type: "gauge",
    labels: [...HOST, "version", "revision", "node_version"],
    help: "1, with the build in the labels.",
    source: "package",
  },
  {
    name: "pitcrew_remediator_config_last_reload_successful",
    type: "gauge",
    labels: HOST,
    help: "1 if the last reload of the configuration succeeded.",
    source: "configuration",
  },
  {
    name: "pitcrew_remediator_config_last_reload_success_timestamp_seconds",
    type: "gauge",
    labels: HOST,
    help: "Unix time of the last successful load of the configuration.",
    source: "configuration",
  },
] as const satisfies readonly CatalogueEntry[];

export type RemediatorMetric = (typeof REMEDIATOR_CATALOGUE)[number]["name"];

const BY_NAME: ReadonlyMap<string, CatalogueEntry> = new Map(REMEDIATOR_CATALOGUE.map((entry) => [entry.name, entry]));

export function entryOf(name: RemediatorMetric): CatalogueEntry {
  const entry = BY_NAME.get(name);
  if (entry === undefined) throw new TypeError(`${name} is not in the catalogue`);
  return entry;
}
