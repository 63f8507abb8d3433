// Tells at once when a unit has lost its last process: systemd may start it again a tenth of a second later, and forget how it ended.
import { existsSync, type FSWatcher, readFileSync, watch } from "node:fs";
import { join } from "node:path";
import type { UnitRef } from "../../../worker/unit.ts";

interface Followed {
  invocationId: string;
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

  /** @param running undefined: its main process has ended. */
  follow(unit: UnitRef, running: { invocationId: string; controlGroup: string } | undefined): void {
    const key = `${unit.user ?? ""}/${unit.name}`;
    // Each run of a unit has a group of its own under the same path, and the kernel does not tell that the old one is gone.
    if (running !== undefined && this.#followed.get(key)?.invocationId === running.invocationId) return;
    this.#forget(key);
    if (running === undefined) return;
    const { controlGroup, invocationId } = running;
    const file = join(this.#mount, controlGroup, "cgroup.events");
    try {
      const watcher = watch(file, { persistent: false }, (event) => {
        if (event === "change" && !isEmpty(file)) return;
        this.#forget(key);
        this.#onEmpty(unit);
      });
      watcher.on("error", () => this.#forget(key));
      this.#followed.set(key, { invocationId, watcher });
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
