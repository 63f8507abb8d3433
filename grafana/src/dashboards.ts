// The dashboards as the files that Grafana reads.
import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { remediationDashboard } from "./remediation/dashboard.ts";
import { workerDashboard } from "./worker/dashboard.ts";
import { workersDashboard } from "./workers/dashboard.ts";

export function dashboards(): Dashboard[] {
  return [workersDashboard(), workerDashboard(), remediationDashboard()];
}

/** File name → text. */
export function dashboardFiles(): Map<string, string> {
  return new Map(dashboards().map((one) => [`${one.uid}.json`, `${JSON.stringify(one, null, 2)}\n`]));
}
