// The cgroups that machines live in: one each, in every hierarchy that systemd manages.
import { existsSync, readdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";

const CGROUP = "/sys/fs/cgroup";

/** The hierarchies that systemd manages: the unified one alone, or, on a hybrid host, its two beside the old controllers. */
export function hierarchies(): string[] {
  if (existsSync(join(CGROUP, "cgroup.controllers"))) return [CGROUP];
  return ["systemd", "unified"].map((name) => join(CGROUP, name)).filter((path) => existsSync(path));
}

/** Machines whose tests were killed have left empty cgroups. @param prefix of their names; the pid of their tests follows */
export function sweepCgroups(prefix: string): void {
  for (const hierarchy of hierarchies()) {
    for (const name of readdirSync(hierarchy)) {
      const owner = new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1];
      if (owner !== undefined && !existsSync(`/proc/${owner}`)) removeCgroups(name);
    }
  }
}

/** @returns false while a process is left in them. */
export function removeCgroups(name: string): boolean {
  return hierarchies().every((hierarchy) => removeCgroup(join(hierarchy, name)));
}

function removeCgroup(path: string): boolean {
  try {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (entry.isDirectory() && !removeCgroup(join(path, entry.name))) return false;
    }
    rmdirSync(path);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === "ENOENT";
  }
}
