// Tells at once when a unit has lost its last process: systemd may start it again a tenth of a second later, and forget how it ended.
import { existsSync, type FSWatcher, readFileSync, watch } from "node:fs";
import { join } from "node:path";
import type { UnitRef } from "../../../worker/unit.ts";

interface Followed {
  controlGroup: string;
  watcher: FSWatcher;
}

/** Works where systemd's groups are in a v2 hierarchy, also beside v1; elsewhere ends are seen at the next look. Source: cgroups(7), cgroup.events. */
export class CgroupWatch {
  readonly #mount: string;
  readonly #onEmpty: (unit: UnitRef) => void;
  readonly #followed = new Map<string, Followed>();

  constructor(cgroupRoot: string, onEmpty: (unit: UnitRef) => void) {
    const isUnified = existsSync(join(cgroupRoot, "cgroup.controllers"));
    this.#mount = isUnified ? cgroupRoot : join(cgroupRoot, "unified");
    this.#onEmpty = onEmpty;
  }

  /** @param controlGroup empty: nothing of it runs. */
  follow(unit: UnitRef, controlGroup: string): void {
    const key = `${unit.user ?? ""}/${unit.name}`;
    const followed = this.#followed.get(key);
    // A group that was removed and made anew is another one under the same path, so the watch ends with each.
    if (followed?.controlGroup === controlGroup) return;
    this.#forget(key);
    if (controlGroup === "") return;
    const file = join(this.#mount, controlGroup, "cgroup.events");
    try {
      const watcher = watch(file, { persistent: false }, (event) => {
        if (event === "change" && !isEmpty(file)) return;
        this.#forget(key);
        this.#onEmpty(unit);
      });
      watcher.on("error", () => this.#forget(key));
      this.#followed.set(key, { controlGroup, watcher });
    } catch {
      // Gone by now, not visible from here, or no watch to be had: the next look at the machine sees what happened.
    }
  }

  #forget(key: string): void {
    this.#followed.get(key)?.watcher.close();
    this.#followed.delete(key);
  }
}

function isEmpty(file: string): boolean {
  try {
    return /^populated 0$/m.test(readFileSync(file, "utf8"));
  } catch {
    return true;
  }
}
