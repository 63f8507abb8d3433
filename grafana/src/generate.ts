// npm run dashboards: writes grafana/dashboards/ anew.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dashboardFiles } from "./dashboards.ts";

const FOLDER = join(import.meta.dirname, "../dashboards");

mkdirSync(FOLDER, { recursive: true });
for (const [name, text] of dashboardFiles()) {
  writeFileSync(join(FOLDER, name), text);
  console.log(`grafana/dashboards/${name}`);
}
