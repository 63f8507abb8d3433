// A control group that is one worker's alone: what it holds is the truest figure, and the cheapest for a tree that shares memory.
import { existsSync } from "node:fs";
import { type CgroupPaths, parseCgroups, unitOf } from "./proc/cgroup.ts";
import { parseMemoryStat } from "./proc/cgroup-memory.ts";
import { parseCount } from "./proc/counts.ts";
import { textOf } from "./proc/read-text.ts";

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
  const paths = cgroupsOf(pid, procRoot);
  const group = paths && memoryGroup(paths, cgroupRoot);
  if (paths === undefined || group === undefined || group.path === "/" || group.path.includes("/..")) return undefined;
  const daemon = cgroupsOf("self", procRoot);
  const daemonPath = daemon && memoryGroup(daemon, cgroupRoot)?.path;
  if (daemonPath === undefined || `${daemonPath}/`.startsWith(`${group.path}/`)) return undefined;
  const isUnit = unit !== undefined && unitOf(paths) === unit;
  if (!isUnit && !isAllOurs(group.directory, isOurs)) return undefined;
  return readHeldBytes(group.directory) === undefined ? undefined : group.directory;
}

/** Anonymous and shared memory of the group; undefined if unreadable. */
export function readHeldBytes(directory: string): number | undefined {
  const text = textOf(`${directory}/memory.stat`);
  return text === undefined ? undefined : parseMemoryStat(text).heldBytes;
}

function cgroupsOf(pid: number | "self", procRoot: string): CgroupPaths | undefined {
  const text = textOf(`${procRoot}/${pid}/cgroup`);
  return text === undefined ? undefined : parseCgroups(text);
}

function memoryGroup(paths: CgroupPaths, cgroupRoot: string): { path: string; directory: string } | undefined {
  const v1 = paths.controllers.get("memory");
  if (v1 !== undefined) return { path: v1, directory: `${cgroupRoot}/memory${v1}` };
  if (paths.unified === undefined) return undefined;
  // Hybrid systems mount v2 beside the v1 controllers.
  const mount = existsSync(`${cgroupRoot}/cgroup.controllers`) ? cgroupRoot : `${cgroupRoot}/unified`;
  return { path: paths.unified, directory: `${mount}${paths.unified}` };
}

function isAllOurs(directory: string, isOurs: (pid: number) => boolean): boolean {
  const text = textOf(`${directory}/cgroup.procs`);
  if (text === undefined) return false;
  const pids = text.split("\n").filter((line) => line !== "");
  return pids.every((line) => isOurs(parseCount(line) ?? 0));
}
