// What all panels have in common: what they say about themselves, their place, their queries.
import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import type { DynamicConfigValue, Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder, PromQueryFormat, QueryEditorMode } from "@grafana/grafana-foundation-sdk/prometheus";

/** Whatever Prometheus the variable `datasource` names. */
export const DATASOURCE = { type: "prometheus", uid: `\${datasource}` };

export interface About {
  /** Links of alerts and of users name it: it belongs to this panel for good. */
  id: number;
  title: string;
  /** What it shows, and what bad looks like. */
  description: string;
  /** One of Grafana's units. */
  unit: string;
}

/** In units of the grid, which is 24 wide. */
export interface Size {
  width: number;
  height: number;
}

export interface SizedPanel {
  size: Size;
  panel: Panel;
}

export interface Query {
  expr: string;
  /** The name of the series, with `{{label}}`. */
  legend: string;
}

/** The part of the SDK's builders that is the same for every kind of panel. */
interface PanelBuilder extends Builder<Panel> {
  id(id: number): this;
  title(title: string): this;
  description(description: string): this;
  unit(unit: string): this;
  datasource(datasource: typeof DATASOURCE): this;
  withTarget(target: DataqueryBuilder): this;
  overrideByQuery(refId: string, properties: DynamicConfigValue[]): this;
}

export function introduce<Kind extends PanelBuilder>(builder: Kind, about: About): Kind {
  return builder.id(about.id).title(about.title).description(about.description).unit(about.unit).datasource(DATASOURCE);
}

export type Form = "range" | "instant" | "table" | "heatmap";

/** Adds them as A, B, C …, with the look of each, if it has one. */
export function ask(
  builder: PanelBuilder,
  form: Form,
  queries: readonly (Query & { look?: DynamicConfigValue[] })[],
): void {
  for (const [index, { expr, legend, look }] of queries.entries()) {
    const refId = refIdOf(index);
    const query = new DataqueryBuilder()
      .refId(refId)
      .datasource(DATASOURCE)
      .editorMode(QueryEditorMode.Code)
      .expr(expr)
      .legendFormat(legend);
    builder.withTarget(inForm(query, form));
    if (look !== undefined) builder.overrideByQuery(refId, look);
  }
}

export function refIdOf(index: number): string {
  return String.fromCharCode("A".charCodeAt(0) + index);
}

function inForm(query: DataqueryBuilder, form: Form): DataqueryBuilder {
  switch (form) {
    case "range":
      return query.range().format(PromQueryFormat.TimeSeries);
    case "instant":
      return query.instant().format(PromQueryFormat.TimeSeries);
    case "table":
      return query.instant().format(PromQueryFormat.Table);
    case "heatmap":
      return query.range().format(PromQueryFormat.Heatmap);
  }
}
