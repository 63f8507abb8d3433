// Everything that must be gone before a worker counts as ended: a fresh and thorough look, for kills and starts, not for every scrape.
import { readBootId } from "./boot.ts";
import { carriesMarker, type Marker } from "./environment-marker.ts";
import { readLiveStat } from "./identify.ts";
import type { Incarnation } from "./incarnation.ts";
import { listPids } from "./proc/list-pids.ts";
import { isKernelThread, type ProcStat } from "./proc/stat.ts";

export interface TreeOptions {
  /** The session of a supervised worker. Its leader, the shim, is not a member; nor are the shim's own helpers. */
  session?: number;
  /** Also find processes by the environment they inherited, wherever they went. */
  marker?: Marker;
  procRoot?: string;
}

type Processes = ReadonlyMap<number, ProcStat>;

/**
 * The living members, the root first if it lives: descendants, whatever process group they are in; the session that is the root's own or
 * given; those that carry the marker; and the descendants of all of these.
 *
 * A pid that was reused could make a stranger's session look like ours. So a session counts only while the living root proves it (as its
 * leader, as its member, or as the shim's child), or one of its processes carries the marker.
 * @param root undefined if not known: then only the marker finds anything.
 */
export function treeOf(root: Incarnation | undefined, options: TreeOptions = {}): Incarnation[] {
  const { procRoot = "/proc", session, marker } = options;
  const bootId = readBootId(procRoot);
  if (bootId === undefined) return [];
  const processes = readProcesses(procRoot);
  const found = root?.bootId === bootId ? processes.get(root.pid) : undefined;
  // Nobody's worker is pid 1, whose session is everybody's.
  const living = found !== undefined && found.pid > 1 && found.startTicks === root?.startTicks ? found : undefined;

  const shim = session === root?.pid ? undefined : session;
  const isSpared = (process: ProcStat) =>
    process.pid !== living?.pid && (process.pid === shim || (shim !== undefined && process.ppid === shim));
  const carriers = marker === undefined ? new Set<number>() : markerCarriers(processes, marker, procRoot);
  const sessions = provenSessions(processes, living, session, carriers);

  const seeds = [...processes.values()].filter((it) => sessions.has(it.session) || carriers.has(it.pid));
  const members = withDescendants(processes, living === undefined ? seeds : [living, ...seeds], isSpared);
  return members.map(({ pid, startTicks }) => ({ bootId, pid, startTicks }));
}

/** Kernel threads, the most of many machines, are nobody's members. */
function readProcesses(procRoot: string): Processes {
  const processes = new Map<number, ProcStat>();
  for (const pid of listPids(procRoot) ?? []) {
    const stat = readLiveStat(pid, procRoot);
    if (stat !== undefined && !isKernelThread(stat)) processes.set(pid, stat);
  }
  return processes;
}

/** We ourselves, and those who started us, may have inherited a marker: they are nobody's escaped children. */
function markerCarriers(processes: Processes, marker: Marker, procRoot: string): Set<number> {
  const ours = ancestorsOf(process.pid, processes);
  const carriers = [...processes.keys()].filter((pid) => !ours.has(pid) && carriesMarker(pid, marker, procRoot));
  return new Set(carriers);
}

function ancestorsOf(pid: number, processes: Processes): Set<number> {
  const ancestors = new Set<number>();
  for (let at: number | undefined = pid; at !== undefined && !ancestors.has(at); at = processes.get(at)?.ppid)
    ancestors.add(at);
  return ancestors;
}

function provenSessions(
  processes: Processes,
  root: ProcStat | undefined,
  given: number | undefined,
  carriers: ReadonlySet<number>,
): Set<number> {
  const sessions = new Set<number>();
  if (root !== undefined && root.session === root.pid) sessions.add(root.session);
  if (given === undefined || given <= 1) return sessions;
  const isProvenByRoot = root !== undefined && (root.session === given || root.ppid === given);
  const isProven = isProvenByRoot || [...processes.values()].some((it) => it.session === given && carriers.has(it.pid));
  if (isProven) sessions.add(given);
  return sessions;
}

function withDescendants(
  processes: Processes,
  seeds: readonly ProcStat[],
  isSpared: (it: ProcStat) => boolean,
): ProcStat[] {
  const children = new Map<number, ProcStat[]>();
  for (const stat of processes.values()) {
    const siblings = children.get(stat.ppid);
    if (siblings === undefined) children.set(stat.ppid, [stat]);
    else siblings.push(stat);
  }
  const members = new Map<number, ProcStat>();
  const queue = [...seeds];
  for (let stat = queue.shift(); stat !== undefined; stat = queue.shift()) {
    if (members.has(stat.pid) || stat.pid <= 1 || stat.pid === process.pid || isSpared(stat)) continue;
    members.set(stat.pid, stat);
    queue.push(...(children.get(stat.pid) ?? []));
  }
  return [...members.values()];
}
