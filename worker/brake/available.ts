// What the machine could still give this process: the smaller of the host's MemAvailable and the least headroom of its control group and
// those above it. The exporter looks at the visible root only; a worker is ended by the nearest limit.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseCgroups } from "../proc/cgroup.ts";
import { parseMemoryLimit, parseMemoryStat } from "../proc/cgroup-memory.ts";
import { kibibytesLine, parseCount } from "../proc/counts.ts";
import { textOf } from "../proc/read-text.ts";
import { KernelFile } from "./kernel-file.ts";

/** Limits and membership hardly ever change; following them at every check would cost more than all else. */
const GROUPS_AGE_SECONDS = 30;

export interface AvailableOptions {
  procRoot?: string;
  cgroupRoot?: string;
  clock?: () => number;
}

export class AvailableMemory {
  readonly #procRoot: string;
  readonly #cgroupRoot: string;
  readonly #clock: () => number;
  readonly #meminfo: KernelFile;
  #groups: Group[] = [];
  #lookedSeconds: number | undefined;

  constructor({
    procRoot = "/proc",
    cgroupRoot = "/sys/fs/cgroup",
    clock = () => performance.now() / 1000,
  }: AvailableOptions = {}) {
    this.#procRoot = procRoot;
    this.#cgroupRoot = cgroupRoot;
    this.#clock = clock;
    this.#meminfo = new KernelFile(join(procRoot, "meminfo"));
  }

  /** Bytes, below 0 in a group that is over its limit; undefined if nothing could be read. */
  read(): number | undefined {
    const now = this.#clock();
    if (this.#lookedSeconds === undefined || Math.abs(now - this.#lookedSeconds) > GROUPS_AGE_SECONDS) {
      this.#lookedSeconds = now;
      this.#findGroups();
    }
    let available = kibibytesLine(this.#meminfo.read() ?? "", "MemAvailable");
    for (const group of this.#groups) {
      const headroom = group.headroomBytes();
      if (headroom !== undefined) available = Math.min(available ?? headroom, headroom);
    }
    return available;
  }

  totalBytes(): number | undefined {
    return kibibytesLine(this.#meminfo.read() ?? "", "MemTotal");
  }

  close(): void {
    this.#meminfo.close();
    for (const group of this.#groups) group.close();
  }

  #findGroups(): void {
    for (const group of this.#groups) group.close();
    this.#groups = [];
    for (const directory of this.#directories()) {
      const group = new Group(directory);
      if (group.headroomBytes() === undefined) group.close();
      else this.#groups.push(group);
    }
  }

  /** From the process's own group up to the root that is visible here, in each hierarchy that counts memory. */
  #directories(): string[] {
    const { unified, controllers } = parseCgroups(textOf(join(this.#procRoot, "self/cgroup")) ?? "");
    const hasV2Alone = existsSync(join(this.#cgroupRoot, "cgroup.controllers"));
    const places = [
      { mount: join(this.#cgroupRoot, hasV2Alone ? "" : "unified"), path: unified },
      { mount: join(this.#cgroupRoot, "memory"), path: controllers.get("memory") },
    ];
    return places.flatMap(({ mount, path }) => {
      if (path === undefined) return [];
      // In a container the path may be the host's (then only the mount's root exists) or lead out of it ("/..").
      const parts = path.includes("/..") ? [] : path.split("/").filter((part) => part !== "");
      return [...parts.keys(), parts.length]
        .map((depth) => join(mount, ...parts.slice(0, depth)))
        .filter((directory) => existsSync(directory));
    });
  }
}

/** A memory control group, v2 or v1. */
class Group {
  readonly #limit: KernelFile;
  readonly #usage: KernelFile;
  readonly #stat: KernelFile;

  constructor(directory: string) {
    const isV1 = existsSync(join(directory, "memory.limit_in_bytes"));
    this.#limit = new KernelFile(join(directory, isV1 ? "memory.limit_in_bytes" : "memory.max"));
    this.#usage = new KernelFile(join(directory, isV1 ? "memory.usage_in_bytes" : "memory.current"));
    this.#stat = new KernelFile(join(directory, "memory.stat"));
  }

  /** limit − (usage − file cache); undefined without a limit, or if it cannot be read. */
  headroomBytes(): number | undefined {
    const limit = parseMemoryLimit(this.#limit.read() ?? "");
    if (limit === undefined || limit === "unlimited") return undefined;
    const usage = parseCount(this.#usage.read()?.trim());
    const { fileCacheBytes } = parseMemoryStat(this.#stat.read() ?? "");
    return usage === undefined || fileCacheBytes === undefined ? undefined : limit - (usage - fileCacheBytes);
  }

  close(): void {
    for (const file of [this.#limit, this.#usage, this.#stat]) file.close();
  }
}
