// A status as literals, for what is shown of it.
import { type StatusView, statusView, type WorkerView } from "../../../remediator/api/views.ts";
import { Ledger } from "../../../remediator/incidents/ledger.ts";
import { config, MIB, NOW, reading, spec } from "../incidents/builders.ts";

/** One worker that is up and holds half of its limit. */
export function shown(workers: readonly Partial<WorkerView>[] = [{}]): StatusView {
  const one = spec({ name: "w", limits: { memoryBytes: 100 * MIB } });
  const view = statusView({
    config: config({ workers: [one] }),
    ledger: new Ledger(),
    readings: new Map([["w", reading()]]),
    system: {
      memoryTotalBytes: undefined,
      memoryAvailableBytes: undefined,
      memoryAvailableMinBytes: undefined,
      memoryAvailableCriticalBytes: undefined,
    },
    now: NOW,
    loop: null,
  });
  const [worker] = view.workers;
  if (worker === undefined) throw new Error("no worker");
  return { ...view, workers: workers.map((wanted) => ({ ...worker, ...wanted })) };
}
