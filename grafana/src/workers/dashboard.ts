// Workers: is everybody there, who is next, and does the host hold?
import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { dashboard } from "../frame.ts";
import { hostPanels } from "./host.ts";
import { nowPanels } from "./now.ts";
import { workerTable } from "./table.ts";
import { trendPanels } from "./trends.ts";

export function workersDashboard(): Dashboard {
  return dashboard({
    kind: "workers",
    description:
      "All workers: who runs, who is closest to a limit, and how much memory the hosts have left. A row of the table leads to one worker.",
    choice: "many",
    actions: false,
    sections: [
      { title: "Now", panels: nowPanels() },
      { title: "Every worker", panels: [workerTable()] },
      { title: "The hosts' memory", panels: hostPanels() },
      { title: "Over time", panels: trendPanels() },
    ],
  });
}
