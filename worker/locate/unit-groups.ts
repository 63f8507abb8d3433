// Where systemd keeps the processes of its units: a control group each, named after the unit, somewhere below the slices.
import { existsSync, readdirSync } from "node:fs";
import { type CgroupPaths, parseCgroups } from "../proc/cgroup.ts";
import { parseCount } from "../proc/counts.ts";
import { readText, textOf } from "../proc/read-text.ts";

export interface UnitGroupsOptions {
  procRoot: string;
  cgroupRoot: string;
}

export interface UnitId {
  name: string;
  /** Whose service manager has it; undefined: the system's. */
  uid: number | undefined;
}

export type UnitGroup =
  | { kind: "found"; directory: string; pids: readonly number[] }
  /** systemd removes the group of a unit without processes. */
  | { kind: "absent" }
  | { kind: "unreadable" };

/** Slices inside of slices inside of slices. */
const MAX_DEPTH = 8;

/** Unit → directory, of every group that is there. Undefined: there is no hierarchy of systemd's to be seen from here. */
type Directories = ReadonlyMap<string, string> | undefined;

export class UnitGroups {
  readonly #options: UnitGroupsOptions;
  readonly #known = new Map<string, string>();
  /** Of one look, by service manager. */
  #index: { look: unknown; managers: Map<number | undefined, Directories> } | undefined;

  constructor(options: UnitGroupsOptions) {
    this.#options = options;
  }

  /** @param look the slices are searched at most once in each, however many units are missing */
  find(unit: UnitId, look: unknown): UnitGroup {
    const key = `${unit.uid} ${unit.name}`;
    const known = this.#known.get(key);
    if (known !== undefined && existsSync(known)) return readGroup(known);
    this.#known.delete(key);
    const directories = this.#indexOf(unit.uid, look);
    const directory = directories?.get(unit.name);
    if (directory === undefined) return { kind: directories === undefined ? "unreadable" : "absent" };
    this.#known.set(key, directory);
    return readGroup(directory);
  }

  #indexOf(uid: number | undefined, look: unknown): Directories {
    if (this.#index === undefined || this.#index.look !== look) this.#index = { look, managers: new Map() };
    const { managers } = this.#index;
    if (!managers.has(uid)) managers.set(uid, this.#search(uid));
    return managers.get(uid);
  }

  #search(uid: number | undefined): Directories {
    const hierarchy = systemdHierarchy(this.#options.cgroupRoot);
    if (hierarchy === undefined) return undefined;
    const system = `${hierarchy}${managerPath(this.#options.procRoot)}`;
    if (!existsSync(system)) return undefined;
    const directories = new Map<string, string>();
    const visit = (directory: string, depth: number): void => {
      for (const name of listDirectories(directory) ?? []) {
        if (name.endsWith(".service")) directories.set(name, `${directory}/${name}`);
        else if (name.endsWith(".slice") && depth < MAX_DEPTH) visit(`${directory}/${name}`, depth + 1);
      }
    };
    // A user's own service manager keeps its units inside of its own group; it may not be running.
    visit(uid === undefined ? system : `${system}/user.slice/user-${uid}.slice/user@${uid}.service`, 0);
    return directories;
  }
}

function readGroup(directory: string): UnitGroup {
  const pids = readPids(directory);
  if (pids === undefined) return { kind: "unreadable" };
  return pids.length === 0 ? { kind: "absent" } : { kind: "found", directory, pids };
}

/** v2; or the named v1 hierarchy that systemd mounts on a legacy or hybrid system. */
function systemdHierarchy(cgroupRoot: string): string | undefined {
  if (existsSync(`${cgroupRoot}/cgroup.controllers`)) return cgroupRoot;
  return [`${cgroupRoot}/systemd`, `${cgroupRoot}/unified`].find((directory) => existsSync(directory));
}

/** The path below which the manager keeps its units: of itself it says `<path>/init.scope`. "" at the root. */
function managerPath(procRoot: string): string {
  const paths: CgroupPaths = parseCgroups(textOf(`${procRoot}/1/cgroup`) ?? "");
  const path = paths.controllers.get("name=systemd") ?? paths.unified;
  return path?.endsWith("/init.scope") === true ? path.slice(0, -"/init.scope".length) : "";
}

/**
 * The processes of a group and of those inside of it, but for `.control`, where systemd runs the helpers of a delegated unit (ExecReload=
 * and the like). Undefined if the group is not readable; empty if it is gone.
 */
export function readPids(directory: string): number[] | undefined {
  const read = readText(`${directory}/cgroup.procs`);
  if (read.kind === "gone") return [];
  // EOPNOTSUPP: a group of threads, whose processes are listed further up.
  if (read.kind === "unreadable" && read.code !== "EOPNOTSUPP") return undefined;
  const lines = read.kind === "ok" ? read.text.split("\n") : [];
  const pids = lines.map((line) => parseCount(line)).filter((pid) => pid !== undefined);
  for (const name of listDirectories(directory) ?? []) {
    if (name !== ".control") pids.push(...(readPids(`${directory}/${name}`) ?? []));
  }
  return pids;
}

function listDirectories(directory: string): string[] | undefined {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch {
    // Gone meanwhile, or not for us: the caller knows which of the two matters.
    return undefined;
  }
}
