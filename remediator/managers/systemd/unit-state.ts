// What systemd says of a unit: `systemctl show`, one block of `Property=value` lines for each unit.

/** Source: org.freedesktop.systemd1(5), the Unit and Service interfaces. Times are CLOCK_MONOTONIC, 0 if it never happened. */
export interface UnitState {
  name: string;
  /** loaded | not-found | masked | bad-setting | error */
  loadState: string;
  /** active | reloading | inactive | failed | activating | deactivating */
  activeState: string;
  subState: string;
  /** success | exit-code | signal | core-dump | watchdog | timeout | oom-kill | start-limit-hit | … */
  result: string;
  /** 0: it has none now. */
  mainPid: number;
  /** The present main process, or the last one. */
  execMainPid: number;
  /** As siginfo_t's si_code: 1 exited, 2 killed, 3 dumped; 0: it lives, or there was none. */
  execMainCode: number;
  /** The exit code or the signal's number. */
  execMainStatus: number;
  execMainStartSeconds: number;
  execMainExitSeconds: number;
  activeEnterSeconds: number;
  activeExitSeconds: number;
  /** Of the present or last run of the unit; empty before the first. */
  invocationId: string;
  /** no | always | on-success | on-failure | on-abnormal | on-abort | on-watchdog */
  restart: string;
  /** Automatic restarts in a row; a start by hand sets it to 0. */
  restarts: number;
  hasStartLimit: boolean;
  hasRuntimeLimit: boolean;
  /** In the cgroup hierarchy of systemd; empty while nothing of it runs. */
  controlGroup: string;
  /** control-group | mixed | process | none: whom a stop signals. */
  killMode: string;
  /** A number: signal(7). */
  killSignal: number;
  /** A stop runs a command of the unit's own first. */
  hasStopCommand: boolean;
}

export const UNIT_PROPERTIES = [
  "Id",
  "LoadState",
  "ActiveState",
  "SubState",
  "Result",
  "MainPID",
  "ExecMainPID",
  "ExecMainCode",
  "ExecMainStatus",
  "ExecMainStartTimestampMonotonic",
  "ExecMainExitTimestampMonotonic",
  "ActiveEnterTimestampMonotonic",
  "ActiveExitTimestampMonotonic",
  "InvocationID",
  "Restart",
  "NRestarts",
  "StartLimitIntervalUSec",
  "RuntimeMaxUSec",
  "ControlGroup",
  "KillMode",
  "KillSignal",
  "ExecStop",
] as const;

/** The blocks of one answer, in the order of the units asked for; a block without `Id` and `LoadState` is left out. */
export function parseUnitStates(text: string): UnitState[] {
  return text.split(/\n\n+/).flatMap((block) => unitState(block) ?? []);
}

function unitState(block: string): UnitState | undefined {
  const properties = new Map<string, string>();
  for (const line of block.split("\n")) {
    const at = line.indexOf("=");
    if (at > 0) properties.set(line.slice(0, at), line.slice(at + 1));
  }
  const text = (name: (typeof UNIT_PROPERTIES)[number]) => properties.get(name) ?? "";
  const number = (name: (typeof UNIT_PROPERTIES)[number]) => {
    const value = text(name);
    return /^[0-9]{1,15}$/.test(value) ? Number(value) : 0;
  };
  const seconds = (name: (typeof UNIT_PROPERTIES)[number]) => number(name) / 1e6;
  if (text("Id") === "" || text("LoadState") === "") return undefined;
  return {
    name: text("Id"),
    loadState: text("LoadState"),
    activeState: text("ActiveState"),
    subState: text("SubState"),
    result: text("Result"),
    mainPid: number("MainPID"),
    execMainPid: number("ExecMainPID"),
    execMainCode: number("ExecMainCode"),
    execMainStatus: number("ExecMainStatus"),
    execMainStartSeconds: seconds("ExecMainStartTimestampMonotonic"),
    execMainExitSeconds: seconds("ExecMainExitTimestampMonotonic"),
    activeEnterSeconds: seconds("ActiveEnterTimestampMonotonic"),
    activeExitSeconds: seconds("ActiveExitTimestampMonotonic"),
    invocationId: text("InvocationID"),
    restart: text("Restart"),
    restarts: number("NRestarts"),
    hasStartLimit: !["", "0", "infinity"].includes(text("StartLimitIntervalUSec")),
    hasRuntimeLimit: !["", "infinity"].includes(text("RuntimeMaxUSec")),
    controlGroup: text("ControlGroup"),
    killMode: text("KillMode"),
    killSignal: number("KillSignal"),
    hasStopCommand: text("ExecStop") !== "",
  };
}
