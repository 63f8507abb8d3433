// What an attempt to start a worker came to, written down.
import { sameIncarnation } from "../../worker/incarnation.ts";
import type { WorkerSpec } from "../../worker/spec.ts";
import type { StartResult } from "../managers/manager.ts";
import type { EngineDeps } from "./engine-deps.ts";
import type { Incident } from "./incident.ts";
import type { Entry } from "./journal-entry.ts";
import { outcomeOf } from "./outcome.ts";
import { isUrgent } from "./rationing.ts";
import type { Store } from "./store.ts";

/** @returns when to look at the incident again, in monotonic seconds */
export function startEnded(
  deps: EngineDeps,
  store: Store,
  starting: Incident,
  spec: WorkerSpec,
  result: StartResult,
): number {
  const incident = store.current(starting);
  const now = deps.clock();
  switch (result.kind) {
    case "started": {
      const { incarnation } = result;
      const known = store.ledger.worker(spec.name).incarnation;
      const firstInBoot = known === undefined || known.bootId !== deps.bootId;
      const entries: Entry[] = [];
      if (!sameIncarnation(known, incarnation))
        entries.push({
          type: "seen",
          worker: spec.name,
          incarnation,
          ...(firstInBoot ? {} : { reason: starting.reason }),
        });
      if (!firstInBoot)
        entries.push({
          type: "start",
          worker: spec.name,
          incident: incident.id,
          reason: starting.reason,
          urgent: isUrgent(starting.reason),
        });
      store.commit(entries);
      const deadline = now.mono + deps.policy.verifySeconds;
      store.transition(
        incident,
        { state: "verifying", deadline, replacement: incarnation },
        { at: now, text: `runs as pid ${incarnation.pid}`, ...outcomeOf(incident, "start", "done", now.mono) },
      );
      return deadline;
    }
    case "already_running":
      store.transition(incident, { state: "holding" }, { at: now, text: `not started: ${result.detail}` });
      return now.mono + 1;
    case "failed":
      store.transition(
        incident,
        { state: "holding", startAttempts: (incident.startAttempts ?? 0) + 1, startFailedAt: now.mono },
        { at: now, text: result.message, ...outcomeOf(incident, "start", "failed", now.mono) },
      );
      return now.mono;
  }
}
