// From a worker's row or bar to its dashboard.
import { DashboardLinkBuilder } from "@grafana/grafana-foundation-sdk/dashboard";
import { UIDS } from "./uids.ts";

/** Of a bar or line, whose labels are those of the series. */
export function toWorkerOfSeries(): DashboardLinkBuilder {
  return new DashboardLinkBuilder(`Open ${variable("__field.labels.worker")}`).url(
    target(variable("__field.labels.host"), variable("__field.labels.worker")),
  );
}

/** Of a cell, whose row has columns of these names. */
export function toWorkerOfRow(host: string, worker: string): { title: string; url: string } {
  const cell = (column: string) => variable(`__data.fields["${column}"]`);
  return { title: `Open ${cell(worker)}`, url: target(cell(host), cell(worker)) };
}

function target(host: string, worker: string): string {
  return `/d/${UIDS.worker}?${variable("datasource:queryparam")}&var-host=${host}&var-worker=${worker}&${variable("__url_time_range")}`;
}

/** As Grafana replaces it. */
function variable(name: string): string {
  return `\${${name}}`;
}
