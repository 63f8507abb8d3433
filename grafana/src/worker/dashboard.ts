// Worker: one worker, what it does, why it was renewed, and when it will be again.
import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { dashboard } from "../frame.ts";
import { eventPanels } from "./events.ts";
import { lifePanels } from "./life.ts";
import { memoryPanels } from "./memory.ts";
import { nowPanels } from "./now.ts";
import { usagePanels } from "./usage.ts";

export function workerDashboard(): Dashboard {
  return dashboard({
    kind: "worker",
    description:
      "One worker against its limits: memory, age, brakes; when it will be renewed, and how its processes ended. Marks are its restarts, its alerts and the actions on its host.",
    choice: "one",
    actions: true,
    sections: [
      { title: "Now", panels: nowPanels() },
      { title: "Memory", panels: memoryPanels() },
      { title: "Age and brakes", panels: lifePanels() },
      { title: "What happened", panels: eventPanels() },
      { title: "What it uses", panels: usagePanels() },
    ],
  });
}
