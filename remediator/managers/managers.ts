// Which manager a worker has.
import type { Presence } from "../../worker/reading.ts";
import type { WorkerSpec } from "../../worker/spec.ts";
import { createCommandManager } from "./command.ts";
import type { Manager } from "./manager.ts";
import { createObserveManager } from "./observe.ts";
import { createSupervisedManager } from "./supervised.ts";
import { createSystemctl, type Systemctl } from "./systemd/systemctl.ts";
import { createSystemdManager } from "./systemd/systemd.ts";

export interface ManagersDeps {
  runDirectory: string;
  logDirectory: string;
  /** Looks afresh for the processes of `command` workers. */
  observer: { observeWorker(name: string): Promise<{ presence: Presence } | undefined> };
  shimPath?: string;
  systemctl?: Systemctl;
  /** Something happened to a worker that is a unit. */
  onNews: (worker: string) => void;
  /** systemd does not do or say what it is asked for. */
  onTrouble: (message: string) => void;
}

export function createManagers(deps: ManagersDeps): (spec: WorkerSpec) => Manager {
  const { observer } = deps;
  const supervised = createSupervisedManager(deps);
  const command = createCommandManager({
    ...deps,
    async locate(spec) {
      const reading = await observer.observeWorker(spec.name);
      return reading?.presence ?? { kind: "unknown", source: "processes" };
    },
  });
  const observe = createObserveManager();
  const systemd = createSystemdManager({ ...deps, systemctl: deps.systemctl ?? createSystemctl() });
  return (spec) => {
    switch (spec.manager.kind) {
      case "supervised":
        return spec.manager.unit === undefined ? supervised : systemd;
      case "command":
        return command;
      case "observe":
        return observe;
      case "systemd":
        return systemd;
    }
  };
}
