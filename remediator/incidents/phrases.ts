// How numbers read in an incident's story: units that people use, and no more digits than they need.
import type { Reason } from "./reason.ts";

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

export function bytes(value: number): string {
  let unit = 0;
  let scaled = value;
  while (Math.abs(scaled) >= 1024 && unit < UNITS.length - 1) {
    scaled /= 1024;
    unit += 1;
  }
  return `${unit === 0 || Math.abs(scaled) >= 100 ? Math.round(scaled) : scaled.toFixed(1)} ${UNITS[unit] ?? "B"}`;
}

export function seconds(value: number): string {
  if (value < 0.95) return `${Math.round(value * 1000)}ms`;
  if (value < 10) return `${Number(value.toFixed(1))}s`;
  const whole = Math.round(value);
  if (whole < 120) return `${whole}s`;
  if (whole < 7200) return `${Math.floor(whole / 60)}m${pad(whole % 60)}s`;
  if (whole < 172_800) return `${Math.floor(whole / 3600)}h${pad(Math.floor(whole / 60) % 60)}m`;
  return `${Math.floor(whole / 86_400)}d${pad(Math.floor(whole / 3600) % 24)}h`;
}

/** A waiting time, never "0s": what is left is at least a second to a reader. */
export function clockSeconds(value: number): string {
  return seconds(Math.max(1, Math.ceil(value)));
}

/** ` (212 MiB against 200 MiB)`, in the unit of the reason; empty when the rule gave no value. */
export function comparison(reason: Reason, condition: { value?: number; limit?: number } | { kind: string }): string {
  const value = "value" in condition ? condition.value : undefined;
  if (value === undefined) return "";
  const limit = "limit" in condition ? condition.limit : undefined;
  const unit = phraseFor(reason);
  return limit === undefined ? ` (${unit(value)})` : ` (${unit(value)} against ${unit(limit)})`;
}

function phraseFor(reason: Reason): (value: number) => string {
  if (reason === "memory_limit" || reason === "memory_relief" || reason === "system_memory") return bytes;
  return reason === "age" ? seconds : String;
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}
