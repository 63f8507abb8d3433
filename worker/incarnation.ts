// A process is (boot id, pid, start ticks), never a pid: pids are reused, this triple is not.

export interface Incarnation {
  /** /proc/sys/kernel/random/boot_id */
  bootId: string;
  pid: number;
  /** Clock ticks since boot at which the process started: proc_pid_stat(5), field 22. */
  startTicks: number;
}

export function sameIncarnation(a: Incarnation | undefined, b: Incarnation | undefined): boolean {
  return (
    a !== undefined && b !== undefined && a.pid === b.pid && a.startTicks === b.startTicks && a.bootId === b.bootId
  );
}

/** A stable key for maps, logs and the journal: `pid@ticks@boot`. */
export function incarnationKey(incarnation: Incarnation): string {
  return `${incarnation.pid}@${incarnation.startTicks}@${incarnation.bootId}`;
}
