// What systemctl shows of a unit, property by property; a test writes down only what matters to it.
import { parseUnitStates, type UnitState } from "../../../../remediator/managers/systemd/unit-state.ts";

/** As systemd 252 shows a unit that has run for a while: started by hand at 1000 s, and nothing happened since. */
const RUNNING: Readonly<Record<string, string | number>> = {
  Restart: "on-failure",
  RuntimeMaxUSec: "infinity",
  MainPID: 71,
  Result: "success",
  NRestarts: 0,
  ExecMainStartTimestampMonotonic: 1_000_000_000,
  ExecMainExitTimestampMonotonic: 0,
  ExecMainPID: 71,
  ExecMainCode: 0,
  ExecMainStatus: 0,
  ControlGroup: "/system.slice/w.service",
  KillMode: "control-group",
  KillSignal: 15,
  Id: "w.service",
  LoadState: "loaded",
  ActiveState: "active",
  SubState: "running",
  ActiveEnterTimestampMonotonic: 1_000_010_000,
  ActiveExitTimestampMonotonic: 0,
  StartLimitIntervalUSec: "10s",
  InvocationID: "39a8e3ce5f4741a2b18fbc72a65c6018",
};

export type Shown = Readonly<Record<string, string | number>>;

export function shown(changes: Shown = {}): string {
  return Object.entries({ ...RUNNING, ...changes })
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}

export function unitState(changes: Shown = {}): UnitState {
  const [state] = parseUnitStates(shown(changes));
  if (state === undefined) throw new Error("not a unit");
  return state;
}

/** Its main process has ended; by itself, unless the unit left `active` before. */
export function ended(changes: Shown = {}): Shown {
  return {
    MainPID: 0,
    ExecMainCode: 1,
    ExecMainStatus: 1,
    ExecMainExitTimestampMonotonic: 1_060_000_000,
    ActiveExitTimestampMonotonic: 1_060_000_800,
    Result: "exit-code",
    ActiveState: "failed",
    SubState: "failed",
    ControlGroup: "",
    ...changes,
  };
}

/** As after `systemctl stop`: the unit left `active`, then its process ended by the signal. */
export const STOPPED: Shown = ended({
  ActiveExitTimestampMonotonic: 1_059_990_000,
  ExecMainCode: 2,
  ExecMainStatus: 15,
  Result: "success",
  ActiveState: "inactive",
  SubState: "dead",
});

/** As systemd shows a unit that it had unloaded: nobody names it, and it had ended well. */
export const FORGOTTEN: Shown = {
  MainPID: 0,
  ExecMainPID: 0,
  ExecMainStartTimestampMonotonic: 0,
  ActiveState: "inactive",
  SubState: "dead",
  ActiveEnterTimestampMonotonic: 0,
  ControlGroup: "",
  InvocationID: "",
};
