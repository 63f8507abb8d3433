// Pressure stall information: how long somebody had to wait for memory.
import { parseCount } from "./counts.ts";

export interface Pressure {
  /** At least one task waited. */
  waitingSeconds: number;
  /** Every task waited, so that nothing was done. */
  stalledSeconds: number;
}

/**
 * /proc/pressure/memory and memory.pressure: `some avg10=0.00 avg60=0.00 avg300=0.00 total=123` and the same with `full`, totals in
 * microseconds. Source: the kernel's Documentation/accounting/psi.rst.
 * @returns undefined if a line is absent or cut short.
 */
export function parsePressure(text: string): Pressure | undefined {
  const total = (kind: "some" | "full") =>
    parseCount(
      new RegExp(`^${kind} avg10=[0-9.]+ avg60=[0-9.]+ avg300=[0-9.]+ total=([0-9]+)\\n`, "m").exec(text)?.[1],
    );
  const [some, full] = [total("some"), total("full")];
  return some === undefined || full === undefined
    ? undefined
    : { waitingSeconds: some / 1e6, stalledSeconds: full / 1e6 };
}
