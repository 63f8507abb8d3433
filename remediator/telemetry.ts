// What is counted while it happens and kept nowhere else: notifications, and how long actions took.
import { createHistogram, type Histogram } from "../daemon/instruments.ts";
import { entryOf } from "./catalogue.ts";
import type { Happening } from "./incidents/incident.ts";
import type { Entry } from "./incidents/journal-entry.ts";
import type { NotificationResult } from "./metrics.ts";

/** Seconds: from a signal that is obeyed at once to a drain of minutes. */
const BOUNDS = [0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300];

export class Telemetry {
  readonly notifications = new Map<NotificationResult, number>();
  readonly actionDurations: Histogram;
  readonly alertToAction: Histogram;
  readonly #host: string;
  readonly #measured = new WeakSet<Happening>();

  constructor(host: string) {
    this.#host = host;
    this.actionDurations = createHistogram(
      entryOf("pitcrew_remediator_action_duration_seconds"),
      BOUNDS,
      ["relieve", "drain", "terminate", "kill", "start"].map((action) => ({ host, action })),
    );
    this.alertToAction = createHistogram(entryOf("pitcrew_remediator_alert_to_action_seconds"), BOUNDS, [
      { host, action: "terminate" },
    ]);
  }

  countNotification(result: NotificationResult): void {
    this.notifications.set(result, (this.notifications.get(result) ?? 0) + 1);
  }

  /** @param seconds from an incident's opening to its first destructive action */
  acted(seconds: number): void {
    this.alertToAction.observe({ host: this.#host, action: "terminate" }, seconds);
  }

  noted(entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (entry.type !== "incident") continue;
      const last = entry.incident.story.at(-1);
      // Later snapshots repeat the line.
      if (last?.tookSeconds === undefined || last.action === undefined || this.#measured.has(last)) continue;
      this.#measured.add(last);
      this.actionDurations.observe({ host: this.#host, action: last.action }, last.tookSeconds);
    }
  }
}
