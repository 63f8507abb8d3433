// The remediator's own HTTP routes; the same for the network and for the Unix socket. Each: parse, hand over, answer.
import { setImmediate as eventLoopTurn } from "node:timers/promises";
import type express from "express";
import type { Config } from "../../config/config.ts";
import { HttpError } from "../../daemon/http-error.ts";
import { JournalError } from "../incidents/journal.ts";
import { OPERATOR_ACTIONS, operate, pause, resume } from "../incidents/operator.ts";
import { MalformedPayload, parsePayload } from "../intake/webhook-payload.ts";
import { endLeftBehind, leftBehind } from "../managers/left-behind.ts";
import { holdsOf } from "./holds.ts";
import { durationOf, flagOf, incidentQuery, objectOf, parametersOf, textOf } from "./query.ts";
import type { Served } from "./served.ts";
import { incidentView, refusalView, selectIncidents, statusView } from "./views.ts";

/**
 * The way by which a request came. Node cannot ask a Unix socket for its peer's user, so a name is the caller's own word; the door is what was
 * checked: who may open the socket, or who has the token.
 */
export type Door = "the control socket" | "the HTTP API";

export function addRoutes(app: express.Application, remediator: Served, door: Door): void {
  const { engine } = remediator;
  const madeBy = (body: Readonly<Record<string, unknown>>) => {
    const name = textOf(body, "by");
    if (name === undefined) return door;
    return door === "the control socket" ? name : `${name} (${door})`;
  };

  app.post("/api/v1/webhook", async (request, response) => {
    if (remediator.closing) throw new HttpError(503, "unavailable", "the remediator is stopping");
    const { notices, truncated } = kept(() => parsePayload(request.body));
    const taken = kept(() => remediator.intake.take(notices));
    if (truncated > 0)
      remediator.log.warn("Alertmanager cut alerts off: raise max_alerts of its receiver", { truncated });
    const result = taken.accepted + taken.heartbeats > 0 ? "accepted" : "nothing_to_do";
    remediator.countNotification(result);
    // It is kept, and a look at it has been ordered: that comes first.
    await eventLoopTurn();
    response.status(result === "accepted" ? 202 : 200).json(taken);
  });

  app.get("/api/v1/status", (_request, response) => {
    response.json(statusView(remediator.statusFacts()));
  });
  app.get("/api/v1/workers", (_request, response) => {
    response.json({ workers: statusView(remediator.statusFacts()).workers });
  });
  app.get("/api/v1/incidents", (request, response) => {
    const query = incidentQuery(request.query, engine.deps.clock().wall);
    response.json({
      incidents: selectIncidents(engine.ledger, query),
      refused: engine.ledger.refusals.map(refusalView),
    });
  });
  app.get("/api/v1/incidents/:id", (request, response) => {
    const incident = engine.ledger.incidents.get(request.params.id);
    if (incident === undefined) throw new HttpError(404, "not_found", "there is no incident with this id");
    response.json(incidentView(incident));
  });

  app.post("/api/v1/workers/:worker/:action", (request, response) => {
    const { worker, action: asked } = request.params;
    const spec = engine.deps.config().workers.find((candidate) => candidate.name === worker);
    const left = spec === undefined && asked === "stop" ? leftBehindOf(engine.deps.config(), worker) : undefined;
    if (left !== undefined) {
      const by = madeBy(objectOf(request.body));
      // Should it come back into the configuration, its next start is a first one.
      kept(() =>
        engine.store.commitOrRefuse([
          { type: "order", action: "stop", worker, by, force: false },
          { type: "released", worker },
        ]),
      );
      const result = endLeftBehind(engine.deps.config().runDirectory, left);
      if (result.kind === "failed") throw new HttpError(500, "not_stopped", result.message);
      response.status(202).json({ worker, action: asked, incident: null, left_behind: left.incarnation.pid });
      return;
    }
    if (spec === undefined)
      throw new HttpError(404, "unknown_worker", "there is no worker of this name in the configuration");
    const action = OPERATOR_ACTIONS.find((candidate) => candidate === asked);
    if (action === undefined)
      throw new HttpError(404, "not_found", `an action is one of ${OPERATOR_ACTIONS.join(", ")}`);
    if (spec.manager.kind === "observe")
      throw new HttpError(
        409,
        "observed_only",
        `${worker} is observed only (manager: observe): pitcrew never starts or stops it`,
      );
    const body = objectOf(request.body);
    const quarantined = engine.ledger.worker(worker).quarantine !== undefined;
    const incident = kept(() => operate(engine, { action, worker, by: madeBy(body), force: flagOf(body, "force") }));
    // An order to let it out is no order to start it: who gives it hears what still stands in the way.
    const after =
      action === "clear" ? { cleared: quarantined, held_back: holdsOf(remediator.statusFacts(), spec) } : undefined;
    response.status(202).json({ worker, action, incident: incident ?? null, ...after });
  });

  app.post("/api/v1/pauses", (request, response) => {
    const body = objectOf(request.body);
    const worker = textOf(body, "worker");
    if (worker !== undefined && !engine.deps.config().workers.some((spec) => spec.name === worker))
      throw new HttpError(404, "unknown_worker", "there is no worker of this name in the configuration");
    const reason = textOf(body, "reason");
    if (reason === undefined) throw new HttpError(400, "malformed", "reason: say why, for whoever finds it paused");
    const forSeconds = durationOf(textOf(body, "for") ?? "", "for");
    const made = kept(() =>
      pause(engine, { ...(worker === undefined ? {} : { worker }), forSeconds, reason, by: madeBy(body) }),
    );
    response.status(201).json(made);
  });
  app.delete("/api/v1/pauses", (request, response) => {
    const { worker } = parametersOf(request.query, ["worker"]);
    const by = madeBy(objectOf(request.body));
    const ended = kept(() => resume(engine, (held) => worker === undefined || held.worker === worker, by));
    if (ended === 0 && worker !== undefined && !engine.deps.config().workers.some((spec) => spec.name === worker))
      throw new HttpError(404, "unknown_worker", "there is no worker of this name in the configuration");
    response.json({ ended });
  });
  app.delete("/api/v1/pauses/:id", (request, response) => {
    const by = madeBy(objectOf(request.body));
    if (kept(() => resume(engine, (held) => held.id === request.params.id, by)) === 0)
      throw new HttpError(404, "not_found", "there is no pause with this id");
    response.json({ ended: 1 });
  });
}

function leftBehindOf(config: Config, worker: string) {
  return leftBehind(config).find((left) => left.worker === worker);
}

/** A payload that is not understood is the sender's mistake; one that cannot be kept must come again. */
function kept<T>(action: () => T): T {
  try {
    return action();
  } catch (cause) {
    if (cause instanceof MalformedPayload) throw new HttpError(400, "malformed", cause.message, { cause });
    if (cause instanceof JournalError) throw new HttpError(503, "unavailable", cause.message, { cause });
    throw cause;
  }
}
