// What an operator may ask for. It goes through the same incidents as everything else, with a name on it.
import { setDesired } from "./desired-state.ts";
import type { Engine } from "./engine.ts";
import type { IncidentId } from "./incident.ts";
import type { Reception } from "./intent.ts";
import type { OperatorAction, Pause } from "./journal-entry.ts";

export type { OperatorAction };

export const OPERATOR_ACTIONS: readonly OperatorAction[] = ["start", "stop", "restart", "recycle", "clear"];

export interface OperatorRequest {
  action: OperatorAction;
  worker: string;
  by: string;
  force: boolean;
}

/** @returns the incident that does it; undefined when nothing needs doing. @throws JournalError */
export function operate(engine: Engine, request: OperatorRequest): IncidentId | undefined {
  const { action, worker, by, force } = request;
  engine.store.commitOrRefuse([{ type: "order", action, worker, by, force }]);
  const running = engine.latest.get(worker)?.presence.kind === "up";
  switch (action) {
    case "stop": {
      // The deed first: should pitcrew die in between, a stop that nobody wants any more ends by itself.
      const receptions = engine.accept([intent(request, "stop", `${by} asked to stop it`)]);
      setDesired(engine, worker, "down", "operator", by);
      return incidentOf(receptions);
    }
    case "start": {
      setDesired(engine, worker, "up", "none", by);
      const quarantined = engine.ledger.worker(worker).quarantine !== undefined;
      if (quarantined) engine.store.commitOrRefuse([{ type: "clear", worker, by }]);
      if (running && engine.ledger.openIncidentOf(worker) === undefined) return undefined;
      return incidentOf(engine.accept([intent(request, "start", `${by} asked to start it`)]));
    }
    case "restart":
    case "recycle":
      return incidentOf(
        engine.accept([
          intent(request, running ? action : "start", `${by} asked to ${action} it${force ? " (forced)" : ""}`),
        ]),
      );
    case "clear":
      engine.store.commitOrRefuse([{ type: "clear", worker, by }]);
      engine.lookAtWorker(worker);
      return undefined;
  }
}

/** @param forSeconds it ends by itself: nobody remembers a pause */
export function pause(
  engine: Engine,
  request: { worker?: string; forSeconds: number; reason: string; by: string },
): Pause {
  const { worker, forSeconds, reason, by } = request;
  const made: Pause = {
    id: engine.newId(),
    ...(worker === undefined ? {} : { worker }),
    reason,
    by,
    untilWall: engine.deps.clock().wall + forSeconds,
  };
  engine.store.commitOrRefuse([{ type: "pause", pause: made }]);
  return made;
}

/** @returns how many pauses ended */
export function resume(engine: Engine, which: (pause: Pause) => boolean, by: string): number {
  const ending = [...engine.ledger.pauses.values()].filter(which);
  engine.store.commitOrRefuse(ending.map(({ id }) => ({ type: "resume", id, by })));
  engine.look();
  return ending.length;
}

function intent(request: OperatorRequest, ladder: "start" | "stop" | "restart" | "recycle", text: string) {
  return {
    target: { kind: "worker" as const, worker: request.worker },
    ladder,
    reason: "operator" as const,
    source: "operator" as const,
    by: request.by,
    force: request.force,
    text,
  };
}

function incidentOf(receptions: readonly Reception[]): IncidentId | undefined {
  return receptions[0]?.incident.id;
}
