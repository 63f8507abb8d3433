// Alertmanager's webhook payload, version 4: text in, notices out. Source: Alertmanager documentation, `<webhook_config>`.
import * as z from "zod";
import type { Notice } from "./notice.ts";

const LABELS = z.record(z.string(), z.string());

/** Only what is read is checked: Alertmanager adds fields between versions. */
const PAYLOAD = z.object({
  version: z.literal("4"),
  truncatedAlerts: z.number().int().nonnegative().optional(),
  alerts: z.array(
    z.object({
      status: z.enum(["firing", "resolved"]),
      labels: LABELS,
      annotations: LABELS.optional(),
      startsAt: z.string().optional(),
    }),
  ),
});

export interface Payload {
  notices: readonly Notice[];
  /** Alerts that Alertmanager cut off (`max_alerts`). */
  truncated: number;
}

export class MalformedPayload extends Error {
  readonly code = "malformed";
}

/** @throws MalformedPayload saying where and what */
export function parsePayload(body: unknown): Payload {
  const parsed = PAYLOAD.safeParse(body);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const where = issue === undefined || issue.path.length === 0 ? "the payload" : issue.path.map(String).join(".");
    throw new MalformedPayload(`${where}: ${issue?.message ?? "not a version 4 webhook payload"}`);
  }
  return {
    // Status and labels of each alert: at the top a mixed batch says `firing`, and `commonLabels` belong to nobody.
    notices: parsed.data.alerts.map((alert) => ({
      source: "webhook",
      status: alert.status,
      labels: alert.labels,
      startsAt: alert.startsAt,
      ...(alert.annotations?.evaluated !== undefined && { evaluated: alert.annotations.evaluated }),
    })),
    truncated: parsed.data.truncatedAlerts ?? 0,
  };
}
