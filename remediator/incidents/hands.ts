// What an executor may use of the engine.
import type { WorkerSpec } from "../../worker/spec.ts";
import type { StartResult } from "../managers/manager.ts";
import type { EngineDeps } from "./engine-deps.ts";
import type { Incident } from "./incident.ts";
import type { Intent, Reception } from "./intent.ts";
import type { Store } from "./store.ts";

export interface Hands {
  readonly deps: EngineDeps;
  readonly store: Store;
  newId: () => string;
  accept(intents: readonly Intent[]): Reception[];
  startedGroup(group: string): void;
  startEnded(starting: Incident, spec: WorkerSpec, result: StartResult): void;
  /** Orders a look at this time, in monotonic seconds. */
  wakeAt(mono: number): void;
}
