// The memory files of one worker's own control group, v1 or v2, kept open between looks.
import { existsSync, statSync } from "node:fs";
import { parseMemoryLimit, parseMemoryStat } from "../proc/cgroup-memory.ts";
import { parseCount } from "../proc/counts.ts";
import { KeptFile } from "../proc/kept-file.ts";
import { namedCount } from "../proc/named-counts.ts";

const V2 = { current: "memory.current", max: "memory.max", events: "memory.events" };
const V1 = { current: "memory.usage_in_bytes", max: "memory.limit_in_bytes", events: "memory.oom_control" };

export class CgroupFiles {
  readonly directory: string;
  /** Tells a group from one that was made anew under its name. */
  readonly inode: number | undefined;
  readonly #names: typeof V2;
  readonly #files = new Map<string, KeptFile>();

  constructor(directory: string) {
    this.directory = directory;
    this.inode = statSync(directory, { throwIfNoEntry: false })?.ino;
    this.#names = existsSync(`${directory}/${V1.current}`) ? V1 : V2;
  }

  /** Anonymous and shared memory. */
  heldBytes(): number | undefined {
    const text = this.#read("memory.stat");
    return text === undefined ? undefined : parseMemoryStat(text).heldBytes;
  }

  currentBytes(): number | undefined {
    return parseCount(this.#read(this.#names.current)?.trim());
  }

  maxBytes(): number | "unlimited" | undefined {
    const text = this.#read(this.#names.max);
    return text === undefined ? undefined : parseMemoryLimit(text);
  }

  /** Of the group and those inside of it, since it was made. */
  oomKills(): number | undefined {
    const text = this.#read(this.#names.events);
    return text === undefined ? undefined : namedCount(text, "oom_kill");
  }

  close(): void {
    for (const file of this.#files.values()) file.close();
    this.#files.clear();
  }

  #read(name: string): string | undefined {
    const known = this.#files.get(name);
    if (known !== undefined) return known.text();
    const file = KeptFile.open(`${this.directory}/${name}`);
    if (typeof file === "string") return undefined;
    this.#files.set(name, file);
    return file.text();
  }
}
