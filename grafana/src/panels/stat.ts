// A few numbers of this moment, in large.
import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueJustifyMode,
  BigValueTextMode,
  ReduceDataOptionsBuilder,
  VizOrientation,
} from "@grafana/grafana-foundation-sdk/common";
import type {
  DynamicConfigValue,
  ThresholdsConfigBuilder,
  ValueMapping,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { PanelBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { type About, ask, introduce, type Query, type Size, type SizedPanel } from "./panel.ts";

export interface StatOptions {
  thresholds: ThresholdsConfigBuilder;
  mappings?: ValueMapping[];
  /** Said when there is nothing, because that is an answer, too. */
  noValue?: string;
  decimals?: number;
}

export function stat(
  about: About,
  size: Size,
  numbers: readonly (Query & { look?: DynamicConfigValue[] })[],
  options: StatOptions,
): SizedPanel {
  const builder = introduce(new PanelBuilder(), about)
    .thresholds(options.thresholds)
    .colorMode(BigValueColorMode.Value)
    .graphMode(BigValueGraphMode.None)
    .justifyMode(BigValueJustifyMode.Auto)
    .orientation(VizOrientation.Auto)
    .textMode(numbers.length > 1 ? BigValueTextMode.ValueAndName : BigValueTextMode.Value)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(["lastNotNull"]).values(false));
  if (options.mappings !== undefined) builder.mappings(options.mappings);
  if (options.noValue !== undefined) builder.noValue(options.noValue);
  if (options.decimals !== undefined) builder.decimals(options.decimals);
  ask(builder, "instant", numbers);
  return { size, panel: builder.build() };
}
