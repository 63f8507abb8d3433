// How far apart two heartbeats of a healthy pipeline may be, as shipped: a guard with less patience comes and goes.
import type { Missing } from "../../config/check.ts";
import type { Config } from "../../config/config.ts";
import { formatDuration } from "../../config/units/duration.ts";

/** Of `alerts/` and of Prometheus, in seconds; a test compares them with the files. */
export const AS_SHIPPED = {
  /** Prometheus tells Alertmanager of a firing alert so often: `--rules.alert.resend-delay`. */
  resendDelay: 60,
  /** Then it waits for the next evaluation. */
  evaluationInterval: 5,
  repeatInterval: 55,
  groupInterval: 10,
} as const;

/**
 * An evaluation counts once. Whoever has just been told of one waits until Prometheus sends the next, and then until Alertmanager repeats
 * itself, which it does at a tick of group_interval: the first one after repeat_interval, or the one that follows if that slips.
 */
export function longestHeartbeatGap({
  resendDelay,
  evaluationInterval,
  repeatInterval,
  groupInterval,
}: Record<keyof typeof AS_SHIPPED, number>): number {
  const repeat = Math.ceil(repeatInterval / groupInterval) * groupInterval + groupInterval;
  return resendDelay + evaluationInterval + repeat;
}

/** Told by `check`: it is allowed, for a Prometheus and an Alertmanager that are quicker than those of `alerts/`. */
export function impatientGuard({ remediator: { guard } }: Config): Missing | undefined {
  const needed = longestHeartbeatGap(AS_SHIPPED);
  if (guard.when !== "pipeline_down" || guard.heartbeatTimeoutSeconds >= needed) return undefined;
  const written = formatDuration(guard.heartbeatTimeoutSeconds);
  return {
    path: ["remediator", "guard", "heartbeat_timeout"],
    message:
      `${written} is shorter than the heartbeats of a healthy Alertmanager may be apart (${formatDuration(needed)} with the files of alerts/ and ` +
      "Prometheus' --rules.alert.resend-delay of 1m): the guard would take over again and again; write 3m, or make both quicker first",
  };
}
