// A histogram over time.
import {
  HeatmapColorMode,
  HeatmapColorOptionsBuilder,
  PanelBuilder,
  YAxisConfigBuilder,
} from "@grafana/grafana-foundation-sdk/heatmap";
import { type About, ask, introduce, type Query, type Size, type SizedPanel } from "./panel.ts";

/** @param query buckets by `le`; the unit is that of `le` */
export function heatmap(about: About, size: Size, query: Query): SizedPanel {
  const builder = introduce(new PanelBuilder(), about)
    .interval("1m")
    .calculate(false)
    .yAxis(new YAxisConfigBuilder().unit(about.unit))
    .cellGap(1)
    .color(new HeatmapColorOptionsBuilder().mode(HeatmapColorMode.Scheme).scheme("Oranges").steps(64).exponent(0.5));
  ask(builder, "heatmap", [query]);
  return { size, panel: builder.build() };
}
