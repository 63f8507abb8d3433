// One rule's `for`: which of its alerts are pending, and which fire. The states and edges of Prometheus' alerting rule.
import type { Labels } from "./evaluate.ts";

interface Alert {
  labels: Labels;
  activeAt: number;
  firing: boolean;
}

export interface Step {
  firing: readonly Labels[];
  /** Fired at the step before, and does not hold any more. */
  resolved: readonly Labels[];
}

export class PendingAlerts {
  readonly #forSeconds: number;
  #alerts: ReadonlyMap<string, Alert> = new Map();

  constructor(forSeconds: number) {
    this.#forSeconds = forSeconds;
  }

  /**
   * One evaluation: an alert fires at the first one at which it has held for at least `forSeconds`, without a gap.
   * @param holding fingerprint → labels of every alert whose condition holds.
   */
  step(holding: ReadonlyMap<string, Labels>, nowSeconds: number): Step {
    const alerts = new Map<string, Alert>();
    for (const [key, labels] of holding) {
      const activeAt = this.#alerts.get(key)?.activeAt ?? nowSeconds;
      alerts.set(key, { labels, activeAt, firing: nowSeconds - activeAt >= this.#forSeconds });
    }
    const ended = [...this.#alerts].filter(([key, alert]) => alert.firing && !alerts.has(key));
    this.#alerts = alerts;
    return {
      firing: [...alerts.values()].filter((alert) => alert.firing).map((alert) => alert.labels),
      resolved: ended.map(([, alert]) => alert.labels),
    };
  }
}
