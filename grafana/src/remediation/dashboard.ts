// Remediation: what pitcrew does, what holds it back, and whether the loop behind it works.
import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { dashboard } from "../frame.ts";
import { actionPanels } from "./actions.ts";
import { daemonPanels } from "./daemons.ts";
import { nowPanels } from "./now.ts";
import { pipelinePanels } from "./pipeline.ts";
import { rationingPanels } from "./rationing.ts";

export function remediationDashboard(): Dashboard {
  return dashboard({
    kind: "remediation",
    description:
      "What automation does and how fast, what holds it back, and whether alerts reach it. Look here when a worker is over a limit and nothing happens.",
    choice: "many",
    actions: true,
    sections: [
      { title: "Now", panels: nowPanels() },
      { title: "What it does", panels: actionPanels() },
      { title: "What holds it back", panels: rationingPanels() },
      { title: "From Prometheus to the remediator", panels: pipelinePanels() },
      { title: "The daemons", panels: daemonPanels() },
    ],
  });
}
