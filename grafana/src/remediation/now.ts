// The first look: eight numbers that are 0 on a good day.
import { Seconds, Short } from "@grafana/grafana-foundation-sdk/units";
import { BAD, GOOD, INTENDED, stepsFrom, WARNING } from "../look.ts";
import type { SizedPanel } from "../panels/panel.ts";
import { stat } from "../panels/stat.ts";
import { CHOSEN_HOSTS, CHOSEN_WORKERS } from "../promql.ts";
import { HEARTBEAT_STALE_SECONDS } from "./thresholds.ts";

const SIZE = { width: 3, height: 4 };

export function nowPanels(): SizedPanel[] {
  return [
    stat(
      {
        id: 1,
        title: "Open incidents",
        description: "Incidents that automation is busy with. Bad: a number that stays: something holds them back.",
        unit: Short,
      },
      SIZE,
      [{ expr: `sum(pitcrew_remediator_incidents_open{${CHOSEN_HOSTS}})`, legend: "open" }],
      { thresholds: stepsFrom(GOOD, [1, INTENDED], [10, WARNING]), decimals: 0, noValue: "No remediator" },
    ),
    hostsWhere(
      2,
      "Guard on every rule",
      "Hosts whose guard acts on every rule, because no heartbeat arrives. Bad: any but in the first minute; workers are protected, but the pipeline is down.",
      `pitcrew_remediator_guard_active{${CHOSEN_HOSTS}} == 1`,
      WARNING,
    ),
    hostsWhere(
      3,
      "Journal not writable",
      "Hosts whose remediator cannot write its journal. Bad: any: only memory emergencies are acted on there.",
      `pitcrew_remediator_journal_writable{${CHOSEN_HOSTS}} == 0`,
      BAD,
    ),
    hostsWhere(
      4,
      "Dry run",
      "Hosts where at least one remediation is only a dry run: it is written down and not done. Bad: one that you believe protected.",
      `pitcrew_remediator_dry_run{${CHOSEN_HOSTS}} == 1`,
      INTENDED,
    ),
    hostsWhere(
      5,
      "Restart storm",
      "Hosts where so many workers are renewed at once that planned renewals wait. Bad: any: look for what the workers have in common.",
      `pitcrew_remediator_storm{${CHOSEN_HOSTS}} == 1`,
      BAD,
    ),
    stat(
      {
        id: 6,
        title: "Oldest heartbeat",
        description:
          "Of the host that has waited longest; one comes every minute. Bad: more than 4 minutes: no alert reaches that host.",
        unit: Seconds,
      },
      SIZE,
      [
        {
          expr: `max(time() - pitcrew_remediator_heartbeat_timestamp_seconds{${CHOSEN_HOSTS}})`,
          legend: "ago",
        },
      ],
      { thresholds: stepsFrom(GOOD, [120, WARNING], [HEARTBEAT_STALE_SECONDS, BAD]), noValue: "None yet" },
    ),
    hostsWhere(
      7,
      "In quarantine",
      "Workers that automation has given up. Bad: any: it tries once in half an hour; repair the worker, then `pitcrew clear`.",
      `pitcrew_worker_quarantined{${CHOSEN_WORKERS}} == 1`,
      BAD,
    ),
    hostsWhere(
      8,
      "Daemons down",
      "Exporters and remediators that Prometheus cannot scrape, on all hosts. Bad: any: without the exporter no rule fires, without the remediator nobody acts.",
      'up{job=~"pitcrew-(exporter|remediator)"} == 0',
      BAD,
    ),
  ];
}

function hostsWhere(id: number, title: string, description: string, condition: string, color: string): SizedPanel {
  return stat(
    { id, title, description, unit: Short },
    SIZE,
    [{ expr: `count(${condition}) or vector(0)`, legend: title }],
    {
      thresholds: stepsFrom(GOOD, [1, color]),
      decimals: 0,
    },
  );
}
