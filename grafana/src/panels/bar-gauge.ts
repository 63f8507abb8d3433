// The few that matter most, as bars, longest first.

import { PanelBuilder } from "@grafana/grafana-foundation-sdk/bargauge";
import {
  BarGaugeDisplayMode,
  BarGaugeNamePlacement,
  BarGaugeSizing,
  BarGaugeValueMode,
  ReduceDataOptionsBuilder,
  VizOrientation,
} from "@grafana/grafana-foundation-sdk/common";
import type { DashboardLinkBuilder, ThresholdsConfigBuilder } from "@grafana/grafana-foundation-sdk/dashboard";
import { type About, ask, introduce, type Query, type Size, type SizedPanel } from "./panel.ts";

export interface BarGaugeOptions {
  thresholds: ThresholdsConfigBuilder;
  /** The value of a full bar. */
  full: number;
  noValue: string;
  link: DashboardLinkBuilder;
}

export function barGauge(about: About, size: Size, query: Query, options: BarGaugeOptions): SizedPanel {
  const builder = introduce(new PanelBuilder(), about)
    .thresholds(options.thresholds)
    .min(0)
    .max(options.full)
    .noValue(options.noValue)
    .dataLinks([options.link])
    .displayMode(BarGaugeDisplayMode.Basic)
    .valueMode(BarGaugeValueMode.Color)
    .namePlacement(BarGaugeNamePlacement.Left)
    .sizing(BarGaugeSizing.Auto)
    .showUnfilled(true)
    .orientation(VizOrientation.Horizontal)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(["lastNotNull"]).values(false));
  ask(builder, "instant", [query]);
  return { size, panel: builder.build() };
}
