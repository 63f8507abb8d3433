// The precheck: an incident's own rule, evaluated on a fresh local reading. The alert was only a hint.
import type { Config } from "../config/config.ts";
import type { Observation } from "../worker/reading.ts";
import { actionableSamples } from "../worker/samples.ts";
import { conditionHolds } from "./guard/condition.ts";
import type { RuleBook } from "./guard/rules.ts";
import type { Condition } from "./incidents/facts.ts";
import type { Incident } from "./incidents/incident.ts";

export function conditionOf(config: Config, rules: RuleBook, incident: Incident, observation: Observation): Condition {
  if (incident.source === "operator" || incident.source === "supervision" || incident.alertname === undefined)
    return { kind: "not_needed" };
  const rule = rules.rules.find((candidate) => candidate.alert === incident.alertname);
  if (rule === undefined)
    return config.remediator.trustedAlerts.includes(incident.alertname)
      ? { kind: "not_needed" }
      : { kind: "unevaluable", why: `the rule ${incident.alertname} is not loaded any more` };
  const samples = actionableSamples(config.host, observation);
  // The victim of a host incident is judged by the host's rule.
  const aboutHost = rule.remediation === "restart_largest" || incident.target.kind === "host";
  const holds = conditionHolds(rule, samples, {
    host: config.host,
    ...(aboutHost || incident.target.kind === "host" ? {} : { worker: incident.target.worker }),
  });
  if (holds.kind !== "false" || holds.value !== undefined) return holds;
  if (aboutHost)
    return observation.system.memoryAvailableBytes === undefined
      ? { kind: "unevaluable", why: "the machine's available memory could not be read" }
      : holds;
  // Nothing to compare: a limit that is not configured makes it false, a reading that failed leaves it open.
  const [reading] = observation.workers;
  const unread =
    reading?.presence.kind === "up" &&
    reading.tree?.memoryBytes === undefined &&
    reading.spec.limits.memoryBytes !== undefined;
  return unread && rule.text.includes("pitcrew_worker_memory_bytes")
    ? { kind: "unevaluable", why: "its memory could not be read" }
    : holds;
}
