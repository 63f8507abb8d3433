// What happened, drawn into every panel: renewals, actions, and alerts that asked for action.
import { type AnnotationQuery, AnnotationQueryBuilder } from "@grafana/grafana-foundation-sdk/dashboard";
import { BAD, INTENDED, WARNING } from "./look.ts";
import { DATASOURCE } from "./panels/panel.ts";

interface Marks {
  /** Matchers of series per worker. */
  workers: string;
  /** Matchers of series per host. */
  hosts: string;
  /** Value of a matcher of alerts; those about the whole host have no worker. */
  worker: string;
  /** Off at first where many hosts are shown; a click away. */
  actions: boolean;
}

export function annotations({ workers, hosts, worker, actions }: Marks): AnnotationQuery[] {
  return [
    annotation("Restarts", WARNING, {
      expr: `sum by (host, worker, reason) (increase(pitcrew_worker_restarts_total{${workers}}[$__rate_interval])) > 0`,
      title: "{{worker}} on {{host}} restarted: {{reason}}",
      tags: "reason",
    }),
    annotation(
      "Actions",
      INTENDED,
      {
        expr: `sum by (host, action, outcome) (increase(pitcrew_remediator_actions_total{${hosts}}[$__rate_interval])) > 0`,
        title: "{{action}} on {{host}}: {{outcome}}",
        tags: "action,outcome",
      },
      actions,
    ),
    annotation("Actionable alerts", BAD, {
      expr: `max by (alertname, host, worker, remediation) (ALERTS{alertstate="firing", remediation!="", remediation!="heartbeat", ${hosts}, worker=~"|${worker}"})`,
      title: "{{alertname}} {{worker}} on {{host}}: {{remediation}}",
      tags: "remediation",
    }),
  ];
}

function annotation(
  name: string,
  color: string,
  { expr, title, tags }: { expr: string; title: string; tags: string },
  enable = true,
): AnnotationQuery {
  const built = new AnnotationQueryBuilder()
    .name(name)
    .datasource(DATASOURCE)
    .enable(enable)
    .hide(false)
    .iconColor(color)
    .expr(expr)
    .step("15s")
    .titleFormat(title)
    .tagKeys(tags)
    .build();
  // The SDK would move it into a menu.
  const { placement: _, ...rest } = built;
  return rest;
}
