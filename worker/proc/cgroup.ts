// /proc/<pid>/cgroup: where a process stands in the control group hierarchies, v1, hybrid or v2.

export interface CgroupPaths {
  /** The path of the `0::` line; undefined without a v2 hierarchy. */
  unified: string | undefined;
  /** v1 controller (`memory`, `name=systemd`, …) → path. */
  controllers: ReadonlyMap<string, string>;
}

/** Source: cgroups(7). Paths may hold colons, never newlines; lines that are malformed or cut short are left out. */
export function parseCgroups(text: string): CgroupPaths {
  let unified: string | undefined;
  const controllers = new Map<string, string>();
  const lines = text.split("\n");
  // The kernel ends every line: what follows the last newline is cut short.
  lines.pop();
  for (const line of lines) {
    const match = /^([0-9]+):([^:]*):(\/.*)$/.exec(line);
    const [, hierarchy, names, path] = match ?? [];
    if (hierarchy === undefined || names === undefined || path === undefined) continue;
    if (hierarchy === "0" && names === "") unified = path;
    else for (const name of names.split(",")) controllers.set(name, path);
  }
  return { unified, controllers };
}

/** The systemd unit a process belongs to: the last component of its path; undefined at the root or without systemd. */
export function unitOf(paths: CgroupPaths): string | undefined {
  const path = systemdPath(paths);
  const last = path?.slice(path.lastIndexOf("/") + 1);
  return last === undefined || last === "" ? undefined : last;
}

/** The user whose own service manager runs that unit; undefined if it is the system's. */
export function unitUidOf(paths: CgroupPaths): number | undefined {
  const uid = /^\/user\.slice\/user-[0-9]+\.slice\/user@([0-9]+)\.service\/./.exec(systemdPath(paths) ?? "")?.[1];
  return uid === undefined ? undefined : Number(uid);
}

/** Hybrid systems keep both lines, and systemd keeps them equal; v1's is named, so it is asked first. */
function systemdPath(paths: CgroupPaths): string | undefined {
  return paths.controllers.get("name=systemd") ?? paths.unified;
}
