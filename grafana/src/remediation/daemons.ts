// The exporters and the remediators themselves: up, configured, of one version, and small.
import { BytesIEC, NoUnit, PercentUnit, Seconds, Short } from "@grafana/grafana-foundation-sdk/units";
import { BAD, barsOnTheRight } from "../look.ts";
import type { SizedPanel } from "../panels/panel.ts";
import { stateTimeline } from "../panels/state-timeline.ts";
import { table } from "../panels/table.ts";
import { timeSeries } from "../panels/time-series.ts";
import { CHOSEN_HOSTS, extreme } from "../promql.ts";
import { DAEMON_STATES } from "../states.ts";
import { SCRAPE_TIMEOUT_SECONDS } from "./thresholds.ts";

const JOBS = 'job=~"pitcrew-(exporter|remediator)"';

export function daemonPanels(): SizedPanel[] {
  return [health(), collectors(), footprint(), versions(), configuration()];
}

function health(): SizedPanel {
  return stateTimeline(
    {
      id: 23,
      title: "Daemons, collectors, configuration",
      description:
        "What was worst: whether Prometheus reaches the daemons (of all hosts), whether collectors read what they should, whether the last reload was good. Bad: NO. Without the exporter no rule fires; without the remediator nobody acts; after a bad reload the old configuration holds until a restart, which then fails.",
      unit: NoUnit,
    },
    { width: 24, height: 11 },
    [
      { expr: extreme("lowest", 6, `up{${JOBS}}`), legend: "{{job}} {{instance}} up" },
      {
        expr: extreme("lowest", 6, `pitcrew_exporter_collector_success{${CHOSEN_HOSTS}}`),
        legend: "{{host}} collector {{collector}}",
      },
      {
        expr: extreme("lowest", 2, `pitcrew_exporter_config_last_reload_successful{${CHOSEN_HOSTS}}`),
        legend: "{{host}} exporter's configuration",
      },
      {
        expr: extreme("lowest", 2, `pitcrew_remediator_config_last_reload_successful{${CHOSEN_HOSTS}}`),
        legend: "{{host}} remediator's configuration",
      },
    ],
    { mappings: DAEMON_STATES },
  );
}

function collectors(): SizedPanel {
  return timeSeries(
    {
      id: 28,
      title: "Time that collectors take",
      description:
        "The slowest, in seconds of a scrape; milliseconds are normal. Bad: near the dashed line, which is the scrape's time-out: values go missing.",
      unit: Seconds,
    },
    { width: 12, height: 8 },
    [
      {
        expr: extreme("highest", 8, `pitcrew_exporter_collector_duration_seconds{${CHOSEN_HOSTS}}`),
        legend: "{{collector}} {{host}}",
      },
    ],
    { limits: [[SCRAPE_TIMEOUT_SECONDS, BAD]] },
  );
}

function footprint(): SizedPanel {
  return timeSeries(
    {
      id: 27,
      title: "What pitcrew itself uses",
      description:
        "Resident memory, and as bars the share of a core, of the daemons that use most, on all hosts. Bad: memory that only grows, or more than a percent of a core: pitcrew must never be the problem.",
      unit: BytesIEC,
    },
    { width: 12, height: 8 },
    [
      { expr: extreme("highest", 6, `process_resident_memory_bytes{${JOBS}}`), legend: "{{job}} {{instance}}" },
      {
        expr: `topk(4, rate(process_cpu_seconds_total{${JOBS}}[$__rate_interval])\n  and topk(4, increase(process_cpu_seconds_total{${JOBS}}[$__range] @ end())))`,
        legend: "{{job}} {{instance}} CPU",
        look: barsOnTheRight(PercentUnit, "of a core"),
      },
    ],
  );
}

function versions(): SizedPanel {
  const by = "host, version, revision, node_version";
  return table(
    {
      id: 29,
      title: "Versions",
      description:
        "What runs where: 1 under each daemon of that build. Bad: two builds on one host, or a host that an upgrade forgot.",
      unit: Short,
    },
    { width: 12, height: 8 },
    [
      { label: "host", name: "Host" },
      { label: "version", name: "Version" },
      { label: "revision", name: "Revision" },
      { label: "node_version", name: "Node" },
    ],
    [
      { name: "Exporter", expr: `max by (${by}) (pitcrew_exporter_build_info{${CHOSEN_HOSTS}})`, look: [] },
      { name: "Remediator", expr: `max by (${by}) (pitcrew_remediator_build_info{${CHOSEN_HOSTS}})`, look: [] },
    ],
    { sortBy: { column: "Version", descending: false }, noValue: "No daemons" },
  );
}

function configuration(): SizedPanel {
  const loaded = (daemon: string) =>
    `time() - max by (host) (pitcrew_${daemon}_config_last_reload_success_timestamp_seconds{${CHOSEN_HOSTS}})`;
  const good = (daemon: string) => `max by (host) (pitcrew_${daemon}_config_last_reload_successful{${CHOSEN_HOSTS}})`;
  const state = [
    { id: "mappings", value: DAEMON_STATES },
    { id: "custom.cellOptions", value: { type: "color-text" } },
  ];
  const ago = [{ id: "unit", value: Seconds }];
  return table(
    {
      id: 30,
      title: "Configuration",
      description:
        "When each daemon last loaded pitcrew.yml without an error, and whether its last attempt was good. Bad: NO; two daemons of a host that loaded at different times have different limits.",
      unit: Short,
    },
    { width: 12, height: 8 },
    [{ label: "host", name: "Host" }],
    [
      { name: "Exporter loaded", expr: loaded("exporter"), look: ago },
      { name: "Exporter good", expr: good("exporter"), look: state },
      { name: "Remediator loaded", expr: loaded("remediator"), look: ago },
      { name: "Remediator good", expr: good("remediator"), look: state },
    ],
    { sortBy: { column: "Host", descending: false }, noValue: "No daemons" },
  );
}
