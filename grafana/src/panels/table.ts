// One row per thing, one column per query: rows meet by all of their labels.
import {
  FieldTextAlignment,
  TableCellHeight,
  TableSortByFieldStateBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import type { DynamicConfigValue } from "@grafana/grafana-foundation-sdk/dashboard";
import { PanelBuilder } from "@grafana/grafana-foundation-sdk/table";
import { QUIET, stepsFrom } from "../look.ts";
import { type About, ask, introduce, refIdOf, type Size, type SizedPanel } from "./panel.ts";

export interface Column {
  name: string;
  /** Gives exactly the labels of the table, without a name, so that the rows of all columns meet. */
  expr: string;
  look: DynamicConfigValue[];
}

export interface LabelColumn {
  label: string;
  name: string;
  look?: DynamicConfigValue[];
}

export interface TableOptions {
  sortBy: { column: string; descending: boolean };
  noValue: string;
}

export function table(
  about: About,
  size: Size,
  labels: readonly LabelColumn[],
  columns: readonly Column[],
  options: TableOptions,
): SizedPanel {
  const fields = [
    ...labels.map(({ label, name }) => [label, name] as const),
    // What Grafana calls the value of a query, when there are several.
    ...columns.map(({ name }, index) => [columns.length > 1 ? `Value #${refIdOf(index)}` : "Value", name] as const),
  ];
  const builder = introduce(new PanelBuilder(), about)
    .thresholds(stepsFrom(QUIET))
    .noValue(options.noValue)
    .align(FieldTextAlignment.Auto)
    .filterable(true)
    .cellHeight(TableCellHeight.Sm)
    .showHeader(true)
    .sortBy([new TableSortByFieldStateBuilder().displayName(options.sortBy.column).desc(options.sortBy.descending)])
    .withTransformation({ id: "merge", options: {} })
    .withTransformation({
      id: "organize",
      options: {
        excludeByName: { Time: true },
        indexByName: Object.fromEntries(fields.map(([field], index) => [field, index])),
        renameByName: Object.fromEntries(fields),
      },
    });
  ask(
    builder,
    "table",
    columns.map(({ expr }) => ({ expr, legend: "__auto" })),
  );
  for (const { name, look } of [...labels, ...columns]) if (look !== undefined) builder.overrideByName(name, look);
  return { size, panel: builder.build() };
}
