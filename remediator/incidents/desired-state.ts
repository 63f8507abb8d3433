// What a worker is meant to be: kept on the disk first, then shown to the exporter.
import type { EngineDeps } from "./engine-deps.ts";
import type { DesiredReason } from "./journal-entry.ts";
import type { Store } from "./store.ts";

/** @throws JournalError: a desired state that is not on disk is not promised */
export function setDesired(
  { deps, store }: { deps: EngineDeps; store: Store },
  worker: string,
  desired: "up" | "down",
  reason: DesiredReason,
  by: string,
): void {
  store.commitOrRefuse([{ type: "desired", worker, desired, reason, by }]);
  showDesired(deps, worker, desired, reason);
}

export function showDesired(deps: EngineDeps, worker: string, desired: "up" | "down", reason: DesiredReason): void {
  try {
    deps.publishDesired(worker, desired, reason);
  } catch (cause) {
    // It is kept; only the exporter does not know it yet.
    deps.log.error("the desired state could not be shown to the exporter", { worker, error: String(cause) });
  }
}
