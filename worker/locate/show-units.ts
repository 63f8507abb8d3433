// What systemd says of its units: one `systemctl show` for all of them, never while somebody waits for a scrape.
import { execFile } from "node:child_process";
import { parseCount } from "../proc/counts.ts";

export interface UnitState {
  /** Undefined: systemd knows of none. */
  mainPid: number | undefined;
  /** active, reloading, inactive, failed, activating, deactivating, … */
  activeState: string;
}

/** @returns by unit; undefined if systemd could not be asked. */
export type ShowUnits = (units: readonly string[]) => Promise<ReadonlyMap<string, UnitState> | undefined>;

const TIMEOUT_MS = 5000;

export const showUnits: ShowUnits = (units) =>
  new Promise((resolve) => {
    const args = ["show", "--property=MainPID,ActiveState", "--", ...units];
    execFile("systemctl", args, { timeout: TIMEOUT_MS, encoding: "utf8" }, (error, stdout) => {
      // Not installed, or not the manager here (a container): what control groups tell has to do.
      resolve(error === null ? parseShow(stdout, units) : undefined);
    });
  });

/**
 * Source: systemctl(1), `show`: a block of `Name=value` lines for each unit, in the order asked for, with an empty line in between. A unit
 * that does not exist has a block too.
 * @returns undefined if there is not one whole block per unit.
 */
export function parseShow(text: string, units: readonly string[]): ReadonlyMap<string, UnitState> | undefined {
  const blocks = text.trim().split(/\n\n+/);
  if (blocks.length !== units.length) return undefined;
  const states = new Map<string, UnitState>();
  for (const [index, unit] of units.entries()) {
    const block = blocks[index] ?? "";
    const mainPid = parseCount(/^MainPID=(.*)$/m.exec(block)?.[1]);
    const activeState = /^ActiveState=([a-z-]+)$/m.exec(block)?.[1];
    if (mainPid === undefined || activeState === undefined) return undefined;
    states.set(unit, { mainPid: mainPid > 0 ? mainPid : undefined, activeState });
  }
  return states;
}
