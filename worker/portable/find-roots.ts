// Which listed process each worker is: by its pid file, its record, or its command line.
import { readPidRecord } from "../files/pid-record.ts";
import { readPidfile } from "../locate/pidfile.ts";
import type { ReadSource } from "../reading.ts";
import type { WorkerSpec } from "../spec.ts";
import type { ListedProcess } from "./process-list.ts";

type Processes = ReadonlyMap<number, ListedProcess>;
export type FoundPid =
  | { kind: "pid"; pid: number }
  | { kind: "down" }
  | { kind: "unknown"; source: ReadSource }
  | { kind: "ambiguous"; roots: number };

export interface RootsOptions {
  runDirectory: string;
  uidOf: (user: string) => number | undefined;
}

/**
 * @param taken by other workers of the same group: processes keep their slots.
 * @param processes undefined: there is no list
 */
export function findPid(
  { name, manager }: WorkerSpec,
  processes: Processes | undefined,
  taken: ReadonlySet<number>,
  { runDirectory, uidOf }: RootsOptions,
): FoundPid {
  if (manager.kind === "systemd") return { kind: "unknown", source: "cgroup" };
  if (processes === undefined) return { kind: "unknown", source: "processes" };
  const living = (pid: number): FoundPid =>
    processes.get(pid)?.isZombie === false ? { kind: "pid", pid } : { kind: "down" };
  if (manager.kind === "supervised") {
    const record = readPidRecord(runDirectory, name);
    if (record.kind === "refused") return { kind: "unknown", source: "record" };
    return record.kind === "absent" ? { kind: "down" } : living(record.value.incarnation.pid);
  }
  const { locator } = manager;
  if (locator.kind === "pidfile") {
    const pid = readPidfile(locator.path);
    if (pid.kind === "refused") return { kind: "unknown", source: "pidfile" };
    return pid.kind === "absent" ? { kind: "down" } : living(pid.value);
  }
  const uid = locator.user === undefined ? undefined : uidOf(locator.user);
  if (locator.user !== undefined && uid === undefined) return { kind: "unknown", source: "processes" };
  const roots = matchingRoots(locator.cmdline, uid, processes).filter((pid) => !taken.has(pid));
  const [first, ...more] = roots;
  if (first === undefined) return { kind: "down" };
  if (locator.slot === undefined && more.length > 0) return { kind: "ambiguous", roots: roots.length };
  return { kind: "pid", pid: first };
}

/** Those that match and are not inside of another one's tree; by pid, which is about by age. */
function matchingRoots(pattern: RegExp, uid: number | undefined, processes: Processes): number[] {
  const ourselves = ancestorsOf(process.pid, processes);
  const matching = new Set<number>();
  for (const { pid, isZombie, uid: owner, commandLine } of processes.values()) {
    // A global or sticky pattern would remember where it stopped.
    pattern.lastIndex = 0;
    const isOurs = ourselves.has(pid);
    if (!isZombie && !isOurs && (uid === undefined || owner === uid) && pattern.test(commandLine)) matching.add(pid);
  }
  const isInside = (pid: number) => [...ancestorsOf(pid, processes)].some((at) => at !== pid && matching.has(at));
  return [...matching].filter((pid) => !isInside(pid)).sort((a, b) => a - b);
}

/** Itself included. */
function ancestorsOf(pid: number, processes: Processes): Set<number> {
  const ancestors = new Set<number>();
  for (let at: number | undefined = pid; at !== undefined && !ancestors.has(at); at = processes.get(at)?.ppid)
    ancestors.add(at);
  return ancestors;
}
