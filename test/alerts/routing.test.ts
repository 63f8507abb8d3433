// A real Alertmanager with the packaged routes: who is told what, how often, and what mutes what.
import { expect, test } from "vitest";
import { parse } from "yaml";
import { type Alertmanager, type PostedAlert, startAlertmanager } from "../support/alertmanager.ts";
import { eventually } from "../support/eventually.ts";
import { alertOf, type Inbox, openInbox, quickConfiguration, resolved } from "./inbox.ts";
import { textOf } from "./rule-set.ts";

const WITHIN = { within: 60_000 };

async function start(): Promise<{ alertmanager: Alertmanager; inbox: Inbox }> {
  const inbox = await openInbox();
  const { url } = inbox;
  const alertmanager = await startAlertmanager({
    config: quickConfiguration({ remediator: url, pager: url, humans: url }),
  });
  return { alertmanager, inbox };
}

/**
 * Alerts of another host, posted later, have reached the pager and people: what was posted before them had its turn by then.
 * @param name a host of its own for each call
 */
async function everybodyHasHeard({ alertmanager, inbox }: Awaited<ReturnType<typeof start>>, name: string) {
  await alertmanager.post([
    alertOf("PitcrewHostTooSmall", { host: name }),
    alertOf("PitcrewPausedForLong", { host: name, worker: "w" }),
  ]);
  for (const receiver of ["pager", "humans"] as const)
    await eventually(() => about(inbox, receiver, name).length > 0, { what: `word to ${receiver}`, ...WITHIN });
}

function about(inbox: Inbox, receiver: "remediator" | "pager" | "humans", host: string) {
  return inbox.of(receiver).filter(({ alerts }) => alerts.some(({ labels }) => labels.host === host));
}

test("a worker that automation heals is the remediator's business: nobody is paged, nobody is told", async () => {
  const scene = await start();
  const { alertmanager, inbox } = scene;
  const worker = { host: "box", worker: "train-1", group: "train" };
  const firing = ["MemoryOverRelief", "MemoryOverLimit", "TooOld", "Down", "BrakesExhausted"].map((name) =>
    alertOf(`PitcrewWorker${name}`, worker),
  );
  firing.push(...["Low", "Critical"].map((name) => alertOf(`PitcrewSystemMemory${name}`, { host: "box" })));
  await alertmanager.post([...firing, alertOf("PitcrewHeartbeat", { host: "box" })]);
  await eventually(() => about(inbox, "remediator", "box").length >= firing.length + 1, {
    what: "every alert to reach the remediator",
    ...WITHIN,
  });
  await alertmanager.post(firing.map(resolved));
  await eventually(
    () => about(inbox, "remediator", "box").filter(({ status }) => status === "resolved").length >= firing.length,
    { what: "every end to reach the remediator", ...WITHIN },
  );
  await everybodyHasHeard(scene, "another");
  expect(about(inbox, "pager", "box")).toEqual([]);
  expect(about(inbox, "humans", "box")).toEqual([]);
});

test("automation that failed pages once, however many rules say so and however often Prometheus repeats them", async () => {
  const scene = await start();
  const { alertmanager, inbox } = scene;
  const worker = { host: "box", worker: "train-1", group: "train" };
  const firing = [
    alertOf("PitcrewWorkerMemoryOverLimit", worker),
    alertOf("PitcrewWorkerStillOverLimit", worker),
    alertOf("PitcrewWorkerQuarantined", worker),
    alertOf("PitcrewWorkerMemoryForecast", worker),
    alertOf("PitcrewRemediationFailed", { host: "box", action: "start" }),
    alertOf("PitcrewRemediationIneffective", { host: "box", action: "start" }),
    alertOf("PitcrewBudgetSpent", { host: "box", scope: "train-1" }),
  ];
  await alertmanager.post(firing);
  await eventually(() => about(inbox, "pager", "box").length > 0, { what: "the page", ...WITHIN });
  // Each round waits for a whole group_interval and more, as Prometheus says again and again what fires.
  for (const round of ["round-1", "round-2"]) {
    await alertmanager.post(firing);
    await everybodyHasHeard(scene, round);
  }
  expect(about(inbox, "pager", "box").map(({ alerts }) => alerts.map(({ labels }) => labels.alertname))).toEqual([
    ["PitcrewWorkerStillOverLimit"],
  ]);
  expect(about(inbox, "humans", "box")).toEqual([]);

  await alertmanager.post(firing.map(resolved));
  await eventually(() => about(inbox, "pager", "box").length === 2, { what: "the all-clear", ...WITHIN });
  expect(about(inbox, "pager", "box").map(({ status }) => status)).toEqual(["firing", "resolved"]);
});

interface InhibitRule {
  source_matchers: string[];
  target_matchers: string[];
  equal?: string[];
}

test("a pipeline that is down, a machine that is low, a worker that pages: each cause mutes its consequences, on its own host", async () => {
  const { alertmanager, inbox } = await start();
  const rules = (parse(textOf("alertmanager.yml")) as { inhibit_rules: InhibitRule[] }).inhibit_rules;
  const names = (matchers: string[]) => /^alertname=~?"(.*)"$/.exec(matchers[0] ?? "")?.[1]?.split("|") ?? [];
  // One host for each pair, so that no other cause is at work there.
  const pairs = rules.flatMap(({ source_matchers, target_matchers, equal = [] }, rule) =>
    names(source_matchers).flatMap((source) =>
      names(target_matchers).map((target, index) => {
        const shared = { host: `rule-${rule}-${source}-${index}`, worker: "train-1" };
        const hostless = equal.length === 0 ? { worker: "train-1", instance: "am:9093" } : shared;
        return { source: alertOf(source, shared), target: alertOf(target, hostless), everywhere: equal.length === 0 };
      }),
    ),
  );
  expect(pairs.length).toBeGreaterThan(20);
  const elsewhere = pairs
    .filter(({ everywhere }) => !everywhere)
    .map(({ target }) => ({ labels: { ...target.labels, host: `beside-${target.labels.host ?? ""}` } }));
  const untouched = alertOf("PitcrewWorkerMemoryOverLimit", {
    host: "rule-0-PitcrewRemediatorDown-0",
    worker: "train-1",
  });
  const targets = pairs.map(({ target }) => target);

  const stateOf = async (alerts: readonly PostedAlert[]) => {
    const known = new Map((await alertmanager.alerts()).map((alert) => [keyOf(alert.labels), alert.status.state]));
    return new Set(alerts.map(({ labels }) => known.get(keyOf(labels))));
  };
  await alertmanager.post([...targets, ...elsewhere, untouched]);
  await eventually(async () => [...(await stateOf([...targets, ...elsewhere, untouched]))].join() === "active", {
    what: "every consequence to be active without its cause",
    ...WITHIN,
  });
  await alertmanager.post(pairs.map(({ source }) => source));
  await eventually(async () => [...(await stateOf(targets))].join() === "suppressed", {
    what: "every consequence to be muted",
    ...WITHIN,
  });
  expect(await stateOf([...elsewhere, untouched])).toEqual(new Set(["active"]));
  await eventually(() => about(inbox, "remediator", "rule-0-PitcrewRemediatorDown-0").length > 0, {
    what: "the alert that asks for action to be delivered all the same",
    ...WITHIN,
  });
});

test("when the remediator is down, one page says so, and nothing that follows from it", async () => {
  const scene = await start();
  const { alertmanager, inbox } = scene;
  const worker = { host: "box", worker: "train-1", group: "train" };
  await alertmanager.post([alertOf("PitcrewRemediatorDown", { host: "box", instance: "box:10102" })]);
  await eventually(() => about(inbox, "pager", "box").length > 0, { what: "the page", ...WITHIN });
  await alertmanager.post([
    ...["PitcrewWorkerStillOverLimit", "PitcrewWorkerStillDown", "PitcrewWorkerMetricsMissing"].map((name) =>
      alertOf(name, worker),
    ),
    alertOf("PitcrewSystemStillLow", { host: "box" }),
    alertOf("PitcrewHeartbeatStale", { host: "box" }),
    alertOf("PitcrewAlertmanagerDeliveriesFailing", { instance: "am:9093" }),
  ]);
  await everybodyHasHeard(scene, "another");
  expect(about(inbox, "pager", "box").flatMap(({ alerts }) => alerts.map(({ labels }) => labels.alertname))).toEqual([
    "PitcrewRemediatorDown",
  ]);
  const told = inbox.of("humans").flatMap(({ alerts }) => alerts.map(({ labels }) => labels.alertname));
  expect(told).toEqual(["PitcrewPausedForLong"]);
});

function keyOf(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
