// The systemd unit that a worker is, if it is one: its own, or the one that `pitcrew units` wrote for a supervised worker.
import { existsSync } from "node:fs";
import type { WorkerName } from "./name.ts";
import type { ManagerSpec } from "./spec.ts";

export interface UnitRef {
  /** With its suffix, such as `encoder@1.service`. */
  name: string;
  /** Whose service manager runs it (`systemctl --user`); undefined: the system's. */
  user?: string;
}

/** Undefined: the worker is no unit. */
export function unitOfWorker(manager: ManagerSpec): UnitRef | undefined {
  switch (manager.kind) {
    case "systemd":
      return { name: manager.unit, ...(manager.user !== undefined && { user: manager.user }) };
    case "supervised":
      return manager.unit === undefined ? undefined : { name: manager.unit };
    case "command":
    case "observe":
      return undefined;
  }
}

/** Where `pitcrew units` writes. */
export const UNIT_DIRECTORY = "/etc/systemd/system";
/** sd_booted(3): systemd is the running service manager. */
const SYSTEMD_IS_RUNNING = "/run/systemd/system";

export function supervisedUnitName(worker: WorkerName): string {
  return `pitcrew-worker-${worker}.service`;
}

/**
 * A supervised worker belongs to systemd where systemd runs and its unit is installed; everywhere else to a shim. Asked when the
 * configuration is read, so that an owner changes only at a start or a reload.
 */
export function installedUnit(worker: WorkerName): string | undefined {
  const name = supervisedUnitName(worker);
  return existsSync(SYSTEMD_IS_RUNNING) && existsSync(`${UNIT_DIRECTORY}/${name}`) ? name : undefined;
}
