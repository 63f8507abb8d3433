// An intake at an engine that only writes down what it is given, on a clock that the test moves.
import { defaultRules } from "../../../config/defaults.ts";
import { loadRules } from "../../../remediator/guard/rules.ts";
import type { Intent } from "../../../remediator/incidents/intent.ts";
import type { Entry } from "../../../remediator/incidents/journal-entry.ts";
import { Ledger } from "../../../remediator/incidents/ledger.ts";
import { Store } from "../../../remediator/incidents/store.ts";
import { Intake, type IntakeDeps } from "../../../remediator/intake/intake.ts";
import type { Notice } from "../../../remediator/intake/notice.ts";
import { config, NOW, OBSERVED, spec } from "../incidents/builders.ts";

const RULES = loadRules(defaultRules());
export const OVER_LIMIT = {
  alertname: "PitcrewWorkerMemoryOverLimit",
  host: "h",
  worker: "w",
  remediation: "restart",
  reason: "memory_limit",
};
export const HEARTBEAT = { alertname: "PitcrewHeartbeat", host: "h", remediation: "heartbeat" };

export function setUp({ trustedAlerts = [] }: { trustedAlerts?: readonly string[] } = {}) {
  let mono = NOW.mono;
  const written: Entry[] = [];
  const accepted: Intent[] = [];
  let looks = 0;
  const clock = () => ({ mono, wall: NOW.wall + mono - NOW.mono });
  const journal = {
    append(entries: readonly Entry[]) {
      written.push(...entries);
      return [];
    },
  };
  const log = { info() {}, warn() {}, error() {} };
  const store = new Store({ clock, journal, log }, new Ledger());
  const engine = {
    store,
    deps: { clock },
    look: () => {
      looks += 1;
    },
    accept(intents: readonly Intent[]) {
      accepted.push(...intents);
      return [];
    },
  } as unknown as IntakeDeps["engine"];
  const site = config({
    workers: [spec(), spec({ name: "seen", manager: OBSERVED })],
    remediator: { trustedAlerts },
  });
  const intake = new Intake({
    config: () => site,
    ruleOf: (alertname) => RULES.rules.find(({ alert }) => alert === alertname),
    engine,
  });
  return {
    intake,
    accepted,
    written,
    suppressed: store.ledger.suppressed,
    looks: () => looks,
    pass: (seconds: number) => {
      mono += seconds;
    },
    take: (...labels: Readonly<Record<string, string>>[]) => intake.take(labels.map((it) => firing(it))),
  };
}

export function firing(labels: Readonly<Record<string, string>>): Notice {
  return { source: "webhook", status: "firing", labels, startsAt: undefined };
}

export function resolved(labels: Readonly<Record<string, string>>): Notice {
  return { ...firing(labels), status: "resolved" };
}

export function without(labels: Readonly<Record<string, string>>, name: string): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(labels).filter(([label]) => label !== name));
}
