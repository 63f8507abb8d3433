// The one intake: notices of the webhook and of the guard become intents on configured targets, or are refused with a reason.
import { type Config, REMEDIATIONS, type Remediation } from "../../config/config.ts";
import type { Engine } from "../incidents/engine.ts";
import type { Intent } from "../incidents/intent.ts";
import type { Entry } from "../incidents/journal-entry.ts";
import type { SuppressReason } from "../incidents/reason.ts";
import { toReason } from "../incidents/reason.ts";
import type { Notice } from "./notice.ts";

export const HEARTBEAT = "heartbeat";

export interface IntakeDeps {
  config(): Config;
  /** The loaded actionable rule of this name. */
  ruleOf(alertname: string): { remediation: Remediation; labels: Readonly<Record<string, string>> } | undefined;
  engine: Pick<Engine, "accept" | "store" | "look" | "deps">;
}

export interface Intaken {
  /** Kept: opened, joined, or about something that an open incident already covers. */
  accepted: number;
  refused: number;
  heartbeats: number;
}

/** The same refusal is written down once in this time, and counted every time. */
const REFUSAL_REPEAT_SECONDS = 3600;
const REMEMBERED_REFUSALS = 1000;
const REMEMBERED_BEATS = 16;

export class Intake {
  /** Monotonic seconds of the last heartbeat for our own host. */
  heartbeatAt: number | undefined;
  /** Unix seconds of the same. */
  heartbeatWall: number | undefined;
  readonly #deps: IntakeDeps;
  readonly #refusedAt = new Map<string, number>();
  /** When the last heartbeats' rule was evaluated: the oldest first. */
  readonly #beats: string[] = [];

  constructor(deps: IntakeDeps) {
    this.#deps = deps;
  }

  /** @throws JournalError when nothing can be kept: the sender must bring it again */
  take(notices: readonly Notice[]): Intaken {
    const intents: Intent[] = [];
    const refusals: Entry[] = [];
    const result: Intaken = { accepted: 0, refused: 0, heartbeats: 0 };
    let resolved = false;
    for (const notice of notices) {
      const asked = notice.labels.remediation;
      if (asked === undefined || asked === "") continue;
      if (notice.status === "resolved") {
        // "Resolved" may only mean that the exporter died: it makes us look, it decides nothing.
        resolved = true;
        continue;
      }
      if (asked === HEARTBEAT) {
        if (this.#heartbeat(notice)) result.heartbeats += 1;
        continue;
      }
      const judged = this.#judge(notice, asked);
      if ("intent" in judged) intents.push(judged.intent);
      else {
        result.refused += 1;
        this.#refuse(notice, judged.refused, refusals);
      }
    }
    this.#deps.engine.store.commit(refusals);
    if (intents.length > 0) this.#deps.engine.accept(intents);
    else if (resolved) this.#deps.engine.look();
    result.accepted = intents.length;
    return result;
  }

  #heartbeat(notice: Notice): boolean {
    if (notice.labels.host !== this.#deps.config().host) return false;
    if (!this.#isNews(notice)) return true;
    const now = this.#deps.engine.deps.clock();
    this.heartbeatAt = now.mono;
    this.heartbeatWall = now.wall;
    return true;
  }

  /** Alertmanager, or each of a pair, goes on repeating for minutes what a Prometheus said before it died. Clocks may go back: no order counts. */
  #isNews({ evaluated }: Notice): boolean {
    if (evaluated === undefined || evaluated === "") return true;
    const beat = cut(evaluated);
    if (this.#beats.includes(beat)) return false;
    this.#beats.push(beat);
    if (this.#beats.length > REMEMBERED_BEATS) this.#beats.shift();
    return true;
  }

  #judge(notice: Notice, asked: string): { intent: Intent } | { refused: SuppressReason } {
    const config = this.#deps.config();
    const { alertname = "", host = "", worker = "", reason } = notice.labels;
    if (host === "") return { refused: "no_host" };
    if (host !== config.host) return { refused: "other_host" };
    // The rule says what may be done and why, not the label: a forged one can neither turn a relief into a restart nor evade the budgets.
    const rule = this.#deps.ruleOf(alertname);
    const isTrusted = config.remediator.trustedAlerts.includes(alertname);
    const ladder = rule?.remediation ?? (isTrusted ? trusted(asked) : undefined);
    if (ladder === undefined) return { refused: "unknown_rule" };
    const why = toReason(rule === undefined ? reason : rule.labels.reason);
    const common = { ladder, reason: why, source: notice.source, alertname };
    if (ladder === "restart_largest")
      return { intent: { ...common, target: { kind: "host" }, text: `${alertname} (${notice.source})` } };
    const spec = config.workers.find((candidate) => candidate.name === worker);
    if (spec === undefined) return { refused: "unknown_worker" };
    if (spec.manager.kind === "observe") return { refused: "observed_only" };
    return {
      intent: { ...common, target: { kind: "worker", worker: spec.name }, text: `${alertname} (${notice.source})` },
    };
  }

  #refuse(notice: Notice, reason: SuppressReason, refusals: Entry[]): void {
    const { alertname = "", worker = "", host = "" } = notice.labels;
    const key = JSON.stringify([reason, alertname, worker, host]);
    const now = this.#deps.engine.deps.clock().mono;
    const last = this.#refusedAt.get(key);
    if (last !== undefined && now - last < REFUSAL_REPEAT_SECONDS) {
      this.#deps.engine.store.ledger.countSuppressed(reason);
      return;
    }
    if (this.#refusedAt.size >= REMEMBERED_REFUSALS) this.#refusedAt.clear();
    this.#refusedAt.set(key, now);
    refusals.push({
      type: "refused",
      reason,
      alertname: cut(alertname),
      worker: cut(worker),
      host: cut(host),
      source: notice.source,
    });
  }
}

function trusted(asked: string): Remediation | undefined {
  return REMEDIATIONS.find((remediation) => remediation === asked);
}

/** A label is somebody else's text: the journal keeps enough of it to recognise it. */
function cut(text: string): string {
  return text.length <= 200 ? text : `${text.slice(0, 200)}…`;
}
