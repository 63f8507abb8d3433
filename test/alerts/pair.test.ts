// Two clustered Alertmanagers with the packaged alertmanager.yml, as "Two Alertmanagers" in the README sets them up.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  type Alertmanager,
  type AlertmanagerOptions,
  startAlertmanager,
  startAlertmanagerPair,
} from "../support/alertmanager.ts";
import { eventsOf } from "../support/events.ts";
import { eventually } from "../support/eventually.ts";
import { createSite, LEAKY, readJournalLines, startPitcrew, TOKEN } from "../support/pitcrew.ts";
import { alertOf, openInbox, quickConfiguration } from "./inbox.ts";
import { textOf } from "./rule-set.ts";

const WITHIN = { within: 60_000 };

async function untilTheyKnowEachOther(pair: readonly Alertmanager[]): Promise<void> {
  for (const one of pair)
    await eventually(async () => /^alertmanager_cluster_members 2$/m.test(await one.metrics()), {
      what: "two members",
      ...WITHIN,
    });
}

/** Each is sent every alert, and hears nothing of the other. */
async function startCutPair(options: AlertmanagerOptions): Promise<[Alertmanager, Alertmanager]> {
  return [await startAlertmanager(options), await startAlertmanager(options)];
}

/** One after the other: two that leave at once wait for each other's farewell. */
async function stop(pair: readonly Alertmanager[]): Promise<void> {
  for (const one of pair) await one.stop();
}

test("both are told of every alert, and one of them pages", async () => {
  const inbox = await openInbox();
  const { url } = inbox;
  const pair = await startAlertmanagerPair({
    config: quickConfiguration({ remediator: url, pager: url, humans: url }),
    // The second waits so long for the first; 15 s by default.
    flags: ["--cluster.peer-timeout=3s"],
  });
  await untilTheyKnowEachOther(pair);
  const hosts = () => inbox.of("pager").flatMap(({ alerts }) => alerts.map(({ labels }) => labels.host));
  for (const one of pair) await one.post([alertOf("PitcrewWorkerStillDown", { host: "box", worker: "train-1" })]);
  await eventually(() => hosts().includes("box"), { what: "the page", ...WITHIN });
  // What each alone is told of afterwards: when it has paged for that, its turn for the first has come and gone.
  for (const [index, one] of pair.entries())
    await one.post([alertOf("PitcrewWorkerStillDown", { host: `only-${index}`, worker: "train-1" })]);
  await eventually(() => ["only-0", "only-1"].every((host) => hosts().includes(host)), {
    what: "a page of each",
    ...WITHIN,
  });
  expect(hosts().filter((host) => host === "box")).toHaveLength(1);
  await stop(pair);
});

test.each([
  ["of a pair one delivers", startAlertmanagerPair, 1],
  ["of a pair that is cut in two both deliver", startCutPair, 2],
] as const)("%s, and the worker is renewed once", async (_, startPair, deliveries) => {
  const site = createSite({
    // Alerts are all that it hears.
    remediator: "  guard: {when: never}",
    verify: "60s",
    // Over its limit in its first life alone.
    workers: (own) => `  - name: leaky
    command: [sh, -c, 'if mkdir "$0"; then exec python3 ${LEAKY} --events ${own.events("leaky")} --hold-mib 100; else exec python3 ${LEAKY} --events ${own.events("leaky")}; fi', ${join(own.directory, "lived")}]
    stop: {drain: 0s, grace: 5s}
    limits: {memory: 80MiB}`,
  });
  const pitcrew = await startPitcrew(site);
  await eventually(async () => ((await pitcrew.worker("leaky")).memory_bytes ?? 0) > 80 << 20, {
    what: "the worker to be over its limit",
    ...WITHIN,
  });
  expect(existsSync(join(site.directory, "lived"))).toBe(true);
  const pair = await startPair({
    config: textOf("alertmanager.yml")
      .replace("http://127.0.0.1:10102/", pitcrew.remediatorUrl)
      .replace("credentials_file: /etc/pitcrew/webhook.token", `credentials: ${TOKEN}`),
  });
  const labels = { host: "test-host", worker: "leaky", group: "leaky" };
  const received = async () =>
    [
      ...(await pitcrew.metrics()).matchAll(
        /notifications_total\{host="test-host",result="(?:accepted|nothing_to_do)"\} (\d+)/g,
      ),
    ]
      .map(([, count]) => Number(count))
      .reduce((sum, count) => sum + count, 0);
  // Their beginnings differ, as those of two Prometheus do.
  for (const [index, one] of pair.entries()) {
    const startsAt = new Date(Date.now() - 200 * index).toISOString();
    await one.post([{ ...alertOf("PitcrewWorkerMemoryOverLimit", labels), startsAt }]);
  }
  await eventually(async () => (await received()) >= deliveries, { what: "the delivery", ...WITHIN });
  await eventually(() => eventsOf(site.events("leaky"), "start").length === 2, { what: "the renewal", ...WITHIN });
  // It is said again of the new process, which is within its limit.
  const before = await received();
  for (const one of pair) await one.post([alertOf("PitcrewWorkerMemoryOverLimit", { ...labels, again: "1" })]);
  await eventually(async () => (await received()) > before, { what: "another delivery", ...WITHIN });

  expect(eventsOf(site.events("leaky"), "term")).toHaveLength(1);
  expect(eventsOf(site.events("leaky"), "start")).toHaveLength(2);
  const starts = readJournalLines(site).filter(
    ({ entry }) => entry.type === "start" && entry.reason === "memory_limit",
  );
  expect(starts).toHaveLength(1);
  await stop(pair);
});
