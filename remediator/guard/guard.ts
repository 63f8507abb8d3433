// The guard: monitoring may fail, protection may not. It evaluates the rule files on local samples and hands in the same
// alerts that Prometheus would: the `guard: always` rules at all times, every rule while the pipeline gives no heartbeat.
import type { GuardConfig } from "../../config/config.ts";
import type { Sample } from "../../worker/sample.ts";
import type { Notice } from "../intake/notice.ts";
import { alertLabels, fingerprint } from "./alert-labels.ts";
import { evaluate, type Labels } from "./evaluate.ts";
import { PendingAlerts } from "./pending.ts";
import type { ActionableRule, RuleBook } from "./rules.ts";

export type GuardActivity = "always_rules" | "all_rules" | "off";

export interface GuardOptions {
  rules: RuleBook;
  when: GuardConfig["when"];
  heartbeatTimeoutSeconds: number;
}

export interface GuardOutput {
  /** `firing` at every tick while an alert fires, `resolved` once. */
  notices: readonly Notice[];
  active: GuardActivity;
  /** `active` is not what it was at the tick before; true at the first tick. */
  changed: boolean;
  /** Rules that could not be evaluated at this tick; their state is kept, and nothing is said of them. */
  problems: readonly { alert: string; why: string }[];
}

export interface Heartbeat {
  /** Of the last one for this host; undefined before the first. */
  atMonotonicSeconds?: number;
}

interface Watched {
  rule: ActionableRule;
  pending: PendingAlerts;
  /** Fingerprints of alerts handed in as firing, and not yet as resolved. */
  announced: Set<string>;
}

export class Guard {
  #when: GuardConfig["when"];
  #heartbeatTimeoutSeconds: number;
  #watched: readonly Watched[] = [];
  #active: GuardActivity | undefined;

  constructor({ rules, when, heartbeatTimeoutSeconds }: GuardOptions) {
    this.#when = when;
    this.#heartbeatTimeoutSeconds = heartbeatTimeoutSeconds;
    this.setRules(rules);
  }

  /** As after a reload of the configuration. */
  reconfigure({ rules, when, heartbeatTimeoutSeconds }: GuardOptions): void {
    this.#when = when;
    this.#heartbeatTimeoutSeconds = heartbeatTimeoutSeconds;
    this.setRules(rules);
  }

  /** A rule that is the same as before keeps the time for which it has held. */
  setRules(book: RuleBook): void {
    const before = new Map(this.#watched.map((watched) => [identity(watched.rule), watched]));
    this.#watched = book.rules.map((rule) => {
      const known = before.get(identity(rule));
      return {
        rule,
        pending: known?.pending ?? new PendingAlerts(rule.forSeconds),
        announced: known?.announced ?? new Set(),
      };
    });
  }

  tick(samples: readonly Sample[], nowMonotonicSeconds: number, heartbeat: Heartbeat): GuardOutput {
    const active = this.#activity(nowMonotonicSeconds, heartbeat);
    const changed = active !== this.#active;
    this.#active = active;
    if (active === "off") return { notices: [], active, changed, problems: [] };

    const notices: Notice[] = [];
    const problems: { alert: string; why: string }[] = [];
    // Every rule is evaluated, also those that only Prometheus speaks for now: when it fails, their `for` has been counted.
    for (const watched of this.#watched) {
      const holding = holdingAlerts(watched.rule, samples);
      if ("why" in holding) {
        problems.push({ alert: watched.rule.alert, why: holding.why });
        continue;
      }
      const { firing, resolved } = watched.pending.step(holding.alerts, nowMonotonicSeconds);
      if (active === "all_rules" || watched.rule.guardAlways) {
        for (const labels of firing) {
          watched.announced.add(fingerprint(labels));
          notices.push(notice("firing", labels));
        }
      }
      for (const labels of resolved) {
        if (watched.announced.delete(fingerprint(labels))) notices.push(notice("resolved", labels));
      }
    }
    return { notices, active, changed, problems };
  }

  #activity(nowSeconds: number, { atMonotonicSeconds }: Heartbeat): GuardActivity {
    switch (this.#when) {
      case "never":
        return "off";
      case "always":
        return "all_rules";
      case "pipeline_down": {
        const isAlive =
          atMonotonicSeconds !== undefined && nowSeconds - atMonotonicSeconds < this.#heartbeatTimeoutSeconds;
        return isAlive ? "always_rules" : "all_rules";
      }
    }
  }
}

function holdingAlerts(
  rule: ActionableRule,
  samples: readonly Sample[],
): { alerts: ReadonlyMap<string, Labels> } | { why: string } {
  const result = evaluate(rule.expr, samples);
  if ("error" in result) return { why: result.error };
  const alerts = new Map<string, Labels>();
  for (const element of result.ok) {
    const labels = alertLabels(rule, element.labels);
    const key = fingerprint(labels);
    if (alerts.has(key))
      return { why: "several series of the result have the same labels once the rule's are applied" };
    alerts.set(key, labels);
  }
  return { alerts };
}

function identity({ alert, text, forSeconds, labels }: ActionableRule): string {
  return JSON.stringify([alert, text, forSeconds, fingerprint(labels)]);
}

function notice(status: Notice["status"], labels: Labels): Notice {
  return { source: "guard", status, labels, startsAt: undefined };
}
