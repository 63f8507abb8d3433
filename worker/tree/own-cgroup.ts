// A control group that is one worker's alone: what it holds is the truest figure, and the cheapest for a tree that shares memory.
import { groupDirectories, parseCgroups } from "../proc/cgroup.ts";
import { parseMemoryStat } from "../proc/cgroup-memory.ts";
import { parseCount } from "../proc/counts.ts";
import { textOf } from "../proc/read-text.ts";

export interface CgroupQuestion {
  pid: number;
  /** Who may be in a group that is the worker's own: its members, and its shim. */
  isOurs: (pid: number) => boolean;
  /** The systemd unit that is this worker: its group is the worker's own by definition. */
  unit?: string | undefined;
  procRoot: string;
  cgroupRoot: string;
}

/**
 * The directory of the memory group; undefined if it is the root, ours (or one that we are inside of), shared with strangers, or not
 * visible from here.
 */
export function findOwnCgroup({ pid, isOurs, unit, procRoot, cgroupRoot }: CgroupQuestion): string | undefined {
  const group = memoryGroupOf(pid, procRoot, cgroupRoot, unit);
  if (group === undefined || group.path === "/" || group.path.includes("/..")) return undefined;
  const ours = memoryGroupOf("self", procRoot, cgroupRoot);
  if (ours === undefined || `${ours.path}/`.startsWith(`${group.path}/`)) return undefined;
  if (!group.isUnit && !isAllOurs(group.directory, isOurs)) return undefined;
  // Without the figures it is of no use.
  const stat = textOf(`${group.directory}/memory.stat`);
  return stat === undefined || parseMemoryStat(stat).heldBytes === undefined ? undefined : group.directory;
}

/** A unit's main process may live in a group inside of the unit's. */
function memoryGroupOf(pid: number | "self", procRoot: string, cgroupRoot: string, unit?: string) {
  const text = textOf(`${procRoot}/${pid}/cgroup`);
  if (text === undefined) return undefined;
  const paths = parseCgroups(text);
  const path = paths.controllers.get("memory") ?? paths.unified;
  const directory = groupDirectories(paths, cgroupRoot).memory;
  if (path === undefined || directory === undefined) return undefined;
  const at = unit === undefined ? -1 : `${path}/`.indexOf(`/${unit}/`);
  if (unit === undefined || at === -1) return { path, directory, isUnit: false };
  const below = path.length - (at + 1 + unit.length);
  return {
    path: path.slice(0, path.length - below),
    directory: directory.slice(0, directory.length - below),
    isUnit: true,
  };
}

function isAllOurs(directory: string, isOurs: (pid: number) => boolean): boolean {
  const text = textOf(`${directory}/cgroup.procs`);
  if (text === undefined) return false;
  const pids = text.split("\n").filter((line) => line !== "");
  return pids.every((line) => isOurs(parseCount(line) ?? 0));
}
