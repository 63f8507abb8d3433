// /proc/<pid>/cgroup: where a process stands in the control group hierarchies, v1, hybrid or v2.
import { existsSync } from "node:fs";

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

/** The directories of a process' groups, in the hierarchies that matter here. Undefined: there is none of that kind. */
export interface GroupDirectories {
  /** Where its memory is accounted. */
  memory: string | undefined;
  /** Where systemd keeps its units. */
  systemd: string | undefined;
}

export function groupDirectories({ unified, controllers }: CgroupPaths, cgroupRoot: string): GroupDirectories {
  const v1 = controllers.get("memory");
  const named = controllers.get("name=systemd");
  // Hybrid systems mount v2 beside the v1 controllers.
  const mount = existsSync(`${cgroupRoot}/cgroup.controllers`) ? cgroupRoot : `${cgroupRoot}/unified`;
  const v2 = unified === undefined ? undefined : `${mount}${unified}`;
  return {
    memory: v1 === undefined ? v2 : `${cgroupRoot}/memory${v1}`,
    systemd: named === undefined ? v2 : `${cgroupRoot}/systemd${named}`,
  };
}
