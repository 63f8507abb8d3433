// One log line per transition, with the incident's id, its worker, the reason and the numbers.
import { targetName } from "./incident.ts";
import type { Entry } from "./journal-entry.ts";

export interface EngineLog {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

export function logEntries(log: EngineLog, entries: readonly Entry[]): void {
  for (const entry of entries) logEntry(log, entry);
}

function logEntry(log: EngineLog, entry: Entry): void {
  switch (entry.type) {
    case "incident": {
      const { incident } = entry;
      const last = incident.story.at(-1);
      const fields = {
        incident: incident.id,
        worker: targetName(incident.target),
        state: incident.state,
        ladder: incident.ladder,
        reason: incident.reason,
        ...(incident.blocked === undefined ? {} : { blocked: incident.blocked }),
        ...(incident.suppressed === undefined ? {} : { suppressed: incident.suppressed }),
      };
      const wentWrong = last?.outcome === "failed" || last?.outcome === "timed_out";
      if (incident.state === "escalated" || incident.helpless === true || wentWrong)
        log.warn(last?.text ?? "escalated", fields);
      else log.info(last?.text ?? incident.state, fields);
      return;
    }
    case "refused":
      log.warn("an alert was refused", {
        reason: entry.reason,
        alertname: entry.alertname,
        worker: entry.worker,
        host: entry.host,
        source: entry.source,
      });
      return;
    case "seen":
      log.info("a new process is known", {
        worker: entry.worker,
        pid: entry.incarnation.pid,
        ...(entry.reason === undefined ? {} : { reason: entry.reason }),
      });
      return;
    case "exit":
      log.info("a worker ended", {
        worker: entry.worker,
        pid: entry.incarnation.pid,
        reason: entry.reason,
        ...(entry.code === undefined ? {} : { code: entry.code }),
      });
      return;
    case "desired":
      log.info(`it is meant to be ${entry.desired}`, { worker: entry.worker, reason: entry.reason, by: entry.by });
      return;
    case "quarantine":
      log.warn("quarantined", { worker: entry.worker, reason: entry.reason, holds: entry.holds });
      return;
    case "clear":
      log.info("left quarantine", { worker: entry.worker, by: entry.by });
      return;
    case "pause":
      log.warn("automation is paused", {
        worker: entry.pause.worker ?? "all",
        by: entry.pause.by,
        reason: entry.pause.reason,
      });
      return;
    case "order":
      log.info(`an order: ${entry.action}`, { worker: entry.worker, by: entry.by, force: entry.force });
      return;
    case "resume":
      log.info("automation goes on", { pause: entry.id, by: entry.by });
      return;
    case "daemon":
    case "start":
    case "released":
    case "gap":
    case "summary":
      return;
  }
}
