// The checked-in dashboards as Grafana reads them, for the tests of grafana/.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const GRAFANA = join(import.meta.dirname, "../../grafana");
export const DASHBOARDS = join(GRAFANA, "dashboards");

export interface Target {
  refId: string;
  expr: string;
  format: "time_series" | "table" | "heatmap";
  instant: boolean;
  range: boolean;
  legendFormat: string;
  datasource: { type: string; uid: string };
}

export interface Override {
  matcher: { id: string; options: string };
  properties: { id: string; value: unknown }[];
}

export interface Panel {
  id: number;
  type: string;
  title: string;
  description?: string;
  datasource?: { type: string; uid: string };
  gridPos: { x: number; y: number; w: number; h: number };
  interval?: string;
  targets?: Target[];
  fieldConfig: {
    defaults: {
      unit?: string;
      links?: { url: string }[];
      thresholds?: { steps: { value: number | null }[] };
      custom?: { thresholdsStyle?: { mode: string } };
    };
    overrides: Override[];
  };
  options: {
    legend?: { displayMode: string; placement: string; showLegend: boolean };
    namePlacement?: string;
  };
  transformations?: { id: string; options: Record<string, Record<string, unknown>> }[];
}

export interface Variable {
  name: string;
  type: string;
  label: string;
  query: string | { query: string };
  datasource?: { type: string; uid: string };
  multi: boolean;
  includeAll: boolean;
  allValue?: string;
  refresh?: number;
}

export interface Annotation {
  name: string;
  enable: boolean;
  expr: string;
  titleFormat: string;
  datasource: { type: string; uid: string };
}

export interface Dashboard {
  uid: string;
  title: string;
  editable: boolean;
  panels: Panel[];
  templating: { list: Variable[] };
  annotations: { list: Annotation[] };
  links: { url: string; includeVars: boolean; keepTime: boolean }[];
}

export function checkedIn(): Map<string, string> {
  const names = readdirSync(DASHBOARDS).toSorted();
  return new Map(names.map((name) => [name, readFileSync(join(DASHBOARDS, name), "utf8")]));
}

export function dashboards(): Dashboard[] {
  return [...checkedIn().values()].map((text) => JSON.parse(text) as Dashboard);
}

/** Without the rows, which show nothing. */
export function panelsOf(dashboard: Dashboard): Panel[] {
  return dashboard.panels.filter(({ type }) => type !== "row");
}

export interface PanelCase {
  /** `pitcrew-worker 10 Memory against its limit` */
  name: string;
  dashboard: Dashboard;
  panel: Panel;
}

export function panelCases(): PanelCase[] {
  return dashboards().flatMap((dashboard) =>
    panelsOf(dashboard).map((panel) => ({
      name: `${dashboard.uid} ${panel.id} ${panel.title}`,
      dashboard,
      panel,
    })),
  );
}

/** What Grafana puts in for variables. */
export interface Chosen {
  host: string;
  group: string;
  worker: string;
  rateInterval: string;
  range: string;
}

/** @throws if a variable is left that nobody knows: Grafana would send it as it is. */
export function substituted(expr: string, chosen: Chosen): string {
  const text = expr
    .replaceAll("$__rate_interval", chosen.rateInterval)
    .replaceAll("$__range", chosen.range)
    .replaceAll("$host", chosen.host)
    .replaceAll("$group", chosen.group)
    .replaceAll("$worker", chosen.worker);
  // `$1` is of label_replace.
  const left = /\$(?!\d)[\w{]+/.exec(text);
  if (left !== null) throw new Error(`${left[0]} is no variable of these dashboards: ${expr}`);
  return text;
}

/** What a variable asks the data source for: the selector of its label_values(). */
export function selectorOf(variable: Variable): string | undefined {
  const query = typeof variable.query === "string" ? variable.query : variable.query.query;
  return /^label_values\((.*), \w+\)$/s.exec(query)?.[1];
}
