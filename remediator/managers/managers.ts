// Which manager a worker has.
import type { Presence } from "../../worker/reading.ts";
import type { WorkerSpec } from "../../worker/spec.ts";
import { createCommandManager } from "./command.ts";
import type { Manager } from "./manager.ts";
import { createObserveManager } from "./observe.ts";
import { createRefusingManager } from "./refusing.ts";
import { createSupervisedManager } from "./supervised.ts";

export interface ManagersDeps {
  runDirectory: string;
  logDirectory: string;
  /** Looks afresh for the processes of `command` workers. */
  observer: { observeWorker(name: string): Promise<{ presence: Presence } | undefined> };
  shimPath?: string;
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
  const systemd = createRefusingManager({
    code: "unavailable",
    message: ({ name }) =>
      `${name}: manager systemd is not available in this version of pitcrew; use supervised or command, or observe to measure only`,
  });
  return (spec) => {
    switch (spec.manager.kind) {
      case "supervised":
        return supervised;
      case "command":
        return command;
      case "observe":
        return observe;
      case "systemd":
        return systemd;
    }
  };
}
