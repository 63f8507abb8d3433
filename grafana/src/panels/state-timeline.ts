// States over time, one line each.
import {
  TimelineValueAlignment,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import type { ValueMapping } from "@grafana/grafana-foundation-sdk/dashboard";
import { PanelBuilder } from "@grafana/grafana-foundation-sdk/statetimeline";
import { QUIET, stepsFrom } from "../look.ts";
import { type About, ask, introduce, type Query, type Size, type SizedPanel } from "./panel.ts";

export function stateTimeline(
  about: About,
  size: Size,
  states: readonly Query[],
  options: { mappings: ValueMapping[]; noValue?: string },
): SizedPanel {
  const builder = introduce(new PanelBuilder(), about)
    .mappings(options.mappings)
    .thresholds(stepsFrom(QUIET))
    .mergeValues(true)
    .showValue(VisibilityMode.Auto)
    .alignValue(TimelineValueAlignment.Left)
    .rowHeight(0.8)
    .fillOpacity(80)
    .lineWidth(0)
    // The colours are written in the states themselves.
    .legend(new VizLegendOptionsBuilder().showLegend(false))
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Single));
  if (options.noValue !== undefined) builder.noValue(options.noValue);
  ask(builder, "range", states);
  return { size, panel: builder.build() };
}
