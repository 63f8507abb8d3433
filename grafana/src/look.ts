// One meaning per colour on all dashboards, and how numbers become words.
import {
  type DynamicConfigValue,
  MappingType,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type ValueMapping,
} from "@grafana/grafana-foundation-sdk/dashboard";

export const GOOD = "green";
/** Somebody should know. */
export const WARNING = "orange";
export const BAD = "red";
/** Neither good nor bad. */
export const QUIET = "text";
/** Intended by a person: stopped, paused, a dry run. */
export const INTENDED = "blue";

/** Colours by value: `steps([0.8, WARNING], [1, BAD])`. Below the first step is good, unless said otherwise. */
export function steps(...above: readonly (readonly [number, string])[]): ThresholdsConfigBuilder {
  return stepsFrom(GOOD, ...above);
}

export function stepsFrom(base: string, ...above: readonly (readonly [number, string])[]): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder()
    .mode(ThresholdsMode.Absolute)
    .steps([{ value: null, color: base }, ...above.map(([value, color]) => ({ value, color }))]);
}

/** `words({ 0: ["no", GOOD], 1: ["yes", BAD] })` */
export function words(table: Readonly<Record<number, readonly [text: string, color: string]>>): ValueMapping[] {
  const options = Object.fromEntries(
    Object.entries(table).map(([value, [text, color]], index) => [value, { text, color, index }]),
  );
  return [{ type: MappingType.ValueToText, options }];
}

/** Of a limit: dashed, in its colour, without a filling, so that usage is read against it. */
export function dashed(color: string): DynamicConfigValue[] {
  return [
    { id: "color", value: { mode: "fixed", fixedColor: color } },
    { id: "custom.lineStyle", value: { fill: "dash", dash: [10, 6] } },
    { id: "custom.lineWidth", value: 2 },
    { id: "custom.fillOpacity", value: 0 },
    { id: "custom.drawStyle", value: "line" },
    { id: "custom.stacking", value: { mode: "none", group: "A" } },
  ];
}

export function coloured(color: string): DynamicConfigValue[] {
  return [{ id: "color", value: { mode: "fixed", fixedColor: color } }];
}

/** The series that the panel is about, among others. */
export function bold(color: string): DynamicConfigValue[] {
  return [...coloured(color), { id: "custom.lineWidth", value: 3 }];
}

/** Events beside a line: bars, on an axis of their own. */
export function barsOnTheRight(unit: string, label: string): DynamicConfigValue[] {
  return [
    { id: "custom.drawStyle", value: "bars" },
    { id: "custom.fillOpacity", value: 40 },
    { id: "custom.axisPlacement", value: "right" },
    { id: "custom.axisLabel", value: label },
    { id: "unit", value: unit },
  ];
}
