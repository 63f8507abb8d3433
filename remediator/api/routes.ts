// The remediator's own HTTP routes; the same for the network and for the Unix socket. Each: parse, hand over, answer.
import type express from "express";
import { parseDuration } from "../../config/units/duration.ts";
import { HttpError } from "../../daemon/http-error.ts";
import { JournalError } from "../incidents/journal.ts";
import { OPERATOR_ACTIONS, operate, pause, resume } from "../incidents/operator.ts";
import { MalformedPayload, parsePayload } from "../intake/webhook-payload.ts";
import type { Served } from "./served.ts";
import { incidentView, refusalView, selectIncidents, statusView } from "./views.ts";

/** @param peer who a change is recorded as made by, where the request does not say */
export function addRoutes(app: express.Application, remediator: Served, peer: string): void {
  const { engine } = remediator;

  app.post("/api/v1/webhook", (request, response) => {
    if (remediator.closing) throw new HttpError(503, "unavailable", "the remediator is stopping");
    const { notices, truncated } = kept(() => parsePayload(request.body));
    const taken = kept(() => remediator.intake.take(notices));
    if (truncated > 0)
      remediator.log.warn("Alertmanager cut alerts off: raise max_alerts of its receiver", { truncated });
    const result = taken.accepted + taken.heartbeats > 0 ? "accepted" : "nothing_to_do";
    remediator.countNotification(result);
    response.status(result === "accepted" ? 202 : 200).json(taken);
  });

  app.get("/api/v1/status", (_request, response) => {
    response.json(statusView(remediator.statusFacts()));
  });
  app.get("/api/v1/workers", (_request, response) => {
    response.json({ workers: statusView(remediator.statusFacts()).workers });
  });
  app.get("/api/v1/incidents", (request, response) => {
    const { worker, state, since, limit } = request.query;
    response.json({
      incidents: selectIncidents(engine.ledger, {
        ...(typeof worker === "string" ? { worker } : {}),
        ...(typeof state === "string" ? { state } : {}),
        ...(typeof since === "string" ? { sinceWall: engine.deps.clock().wall - durationOf(since, "since") } : {}),
        ...(typeof limit === "string" ? { limit: countOf(limit) } : {}),
      }),
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
    const incident = kept(() =>
      operate(engine, { action, worker, by: textOf(body.by) ?? peer, force: body.force === true }),
    );
    response.status(202).json({ worker, action, incident: incident ?? null });
  });

  app.post("/api/v1/pauses", (request, response) => {
    const body = objectOf(request.body);
    const worker = textOf(body.worker);
    if (worker !== undefined && !engine.deps.config().workers.some((spec) => spec.name === worker))
      throw new HttpError(404, "unknown_worker", "there is no worker of this name in the configuration");
    const reason = textOf(body.reason);
    if (reason === undefined) throw new HttpError(400, "malformed", "reason: say why, for whoever finds it paused");
    const forSeconds = durationOf(textOf(body.for) ?? "", "for");
    const made = kept(() =>
      pause(engine, { ...(worker === undefined ? {} : { worker }), forSeconds, reason, by: textOf(body.by) ?? peer }),
    );
    response.status(201).json(made);
  });
  app.delete("/api/v1/pauses", (request, response) => {
    const { worker } = request.query;
    const ended = kept(() => resume(engine, (held) => typeof worker !== "string" || held.worker === worker, peer));
    response.json({ ended });
  });
  app.delete("/api/v1/pauses/:id", (request, response) => {
    if (kept(() => resume(engine, (held) => held.id === request.params.id, peer)) === 0)
      throw new HttpError(404, "not_found", "there is no pause with this id");
    response.json({ ended: 1 });
  });
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

function objectOf(body: unknown): Record<string, unknown> {
  return typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value.slice(0, 500) : undefined;
}

function durationOf(text: string, name: string): number {
  const parsed = parseDuration(text);
  if (!parsed.ok) throw new HttpError(400, "malformed", `${name}: ${parsed.problem}`);
  return parsed.value;
}

function countOf(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 10_000)
    throw new HttpError(400, "malformed", "limit: a whole number from 1 to 10000");
  return count;
}
