// Lines over time, each limit a dashed line beside what it limits; or bars of what happened.
import {
  GraphDrawStyle,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import type { DynamicConfigValue } from "@grafana/grafana-foundation-sdk/dashboard";
import { PanelBuilder } from "@grafana/grafana-foundation-sdk/timeseries";
import { stepsFrom } from "../look.ts";
import { type About, ask, introduce, type Query, type Size, type SizedPanel } from "./panel.ts";

export interface Series extends Query {
  look?: DynamicConfigValue[];
}

export interface TimeSeriesOptions {
  /** A limit that is no metric: dashed too. */
  limits?: readonly (readonly [number, string])[];
  /** Counts of events: stacked bars, at least a minute wide, so that neighbours hardly count an event twice. */
  events?: boolean;
  /** A table of values beside the lines, for panels that are wide enough. */
  table?: boolean;
  decimals?: number;
  axisSoftMax?: number;
}

export function timeSeries(
  about: About,
  size: Size,
  series: readonly Series[],
  options: TimeSeriesOptions = {},
): SizedPanel {
  const builder = introduce(new PanelBuilder(), about)
    .axisSoftMin(0)
    .showPoints(VisibilityMode.Never)
    .lineWidth(1)
    .fillOpacity(0)
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
    .legend(options.table === true ? tableLegend() : listLegend());
  if (options.decimals !== undefined) builder.decimals(options.decimals);
  if (options.axisSoftMax !== undefined) builder.axisSoftMax(options.axisSoftMax);
  if (options.events === true)
    builder
      .interval("1m")
      .decimals(0)
      .drawStyle(GraphDrawStyle.Bars)
      .fillOpacity(70)
      .stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group("A"));
  if (options.limits !== undefined)
    builder
      .thresholds(stepsFrom("transparent", ...options.limits))
      .thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));
  ask(builder, "range", series);
  return { size, panel: builder.build() };
}

function listLegend(): VizLegendOptionsBuilder {
  return new VizLegendOptionsBuilder()
    .showLegend(true)
    .displayMode(LegendDisplayMode.List)
    .placement(LegendPlacement.Bottom)
    .calcs([]);
}

function tableLegend(): VizLegendOptionsBuilder {
  return new VizLegendOptionsBuilder()
    .showLegend(true)
    .displayMode(LegendDisplayMode.Table)
    .placement(LegendPlacement.Right)
    .calcs(["lastNotNull", "max"]);
}
