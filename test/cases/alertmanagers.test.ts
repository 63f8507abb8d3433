// Real Alertmanagers deliver, twice, too late, to the wrong place, or not at all.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Alertmanager, startAlertmanager, startAlertmanagerPair } from "../support/alertmanager.ts";
import { eventually } from "../support/eventually.ts";
import { createSite, startPitcrew, TOKEN } from "../support/pitcrew.ts";
import { alert, count, fat, isFat, leaky, living, metric, QUIET, started } from "./scene.ts";

/** Delivers at once to each of these, by a receiver of its own. */
function config(receivers: readonly { url: string; token?: string }[]): string {
  const routes = receivers.map(
    (_, index) => `    - {receiver: r${index}, matchers: ['host="test-host"'], continue: true}`,
  );
  const lists = receivers.map(
    ({ url, token }, index) => `  - name: r${index}
    webhook_configs:
      - url: ${url}
        http_config: {follow_redirects: false${token === undefined ? "" : `, authorization: {credentials: ${token}}`}}`,
  );
  return `route:
  receiver: r0
  group_by: [alertname, host, worker]
  group_wait: 0s
  group_interval: 10s
  repeat_interval: 55s
  routes:
${routes.join("\n")}
receivers:
${lists.join("\n")}
`;
}

async function sum(alertmanagers: readonly Alertmanager[], name: string): Promise<number> {
  let total = 0;
  for (const alertmanager of alertmanagers)
    for (const line of (await alertmanager.metrics()).split("\n"))
      if (line.startsWith(`${name}{`) && line.includes('integration="webhook"'))
        total += Number(line.split(" ").at(-1));
  return total;
}

describe("Alertmanager", () => {
  test("case 2: two of them, 0.2 s apart and with different startsAt, are one restart: a pair, and a pair that has lost sight of itself", async () => {
    const site = createSite({ remediator: QUIET, workers: (own) => `${fat(own, "paired")}\n${fat(own, "parted")}` });
    const pitcrew = await startPitcrew(site);
    await isFat(pitcrew, "paired");
    await isFat(pitcrew, "parted");
    const to = { config: config([{ url: `${pitcrew.remediatorUrl}api/v1/webhook`, token: TOKEN }]) };
    const pair = await startAlertmanagerPair(to);
    const parted = [await startAlertmanager(to), await startAlertmanager(to)];
    for (const [worker, two] of [["paired", pair] as const, ["parted", parted] as const]) {
      const begun = Date.now();
      for (const [index, alertmanager] of two.entries()) {
        await eventually(() => Date.now() - begun >= index * 200, { what: "0.2 s" });
        const startsAt = new Date(begun + index * 200).toISOString();
        await alertmanager.post([{ labels: alert(worker).labels, startsAt }]);
      }
      await started(site, worker, 2);
    }
    await eventually(async () => (await sum(parted, "alertmanager_notifications_total")) >= 2, {
      what: "each of the parted to deliver",
      within: 60_000,
    });
    expect(await sum(pair, "alertmanager_notifications_total")).toBeGreaterThanOrEqual(1);
    const received = 'pitcrew_remediator_notifications_total{host="test-host",result="accepted"}';
    await eventually(async () => ((await metric(pitcrew, received)) ?? 0) >= 3, { what: "three deliveries" });
    for (const worker of ["paired", "parted"]) {
      expect(count(site, worker, "term")).toBe(1);
      expect(living(site, worker)).toHaveLength(1);
    }
  });

  test("case 5: a flap that it swallows within its group_interval is seen by pitcrew itself", async () => {
    // Its fresh process is over the limit again after a second or two, long before the next notification.
    const site = createSite({
      remediator: QUIET,
      verify: "30s",
      workers: (own) =>
        leaky(own, "leak", {
          args: "--leak-mib-per-second 40 --until-mib 80",
          keys: ["limits: {memory: 60MiB}", "cooldown: 0s", "budget: 2/30m"],
        }),
    });
    const pitcrew = await startPitcrew(site);
    const url = `${pitcrew.remediatorUrl}api/v1/webhook`;
    const alertmanager = await startAlertmanager({ config: config([{ url, token: TOKEN }]) });
    await eventually(async () => ((await pitcrew.worker("leak")).memory_bytes ?? 0) > 60 * 2 ** 20, {
      what: "the leak",
    });
    await alertmanager.post([{ labels: alert("leak").labels }]);
    await started(site, "leak", 2);
    // Fires, resolves and fires again before Alertmanager says anything of it.
    await alertmanager.post([{ labels: alert("leak").labels, endsAt: new Date().toISOString() }]);
    await alertmanager.post([{ labels: alert("leak").labels }]);
    await started(site, "leak", 3);
    expect(await sum([alertmanager], "alertmanager_notifications_total")).toBe(1);
  });

  test("case 7: that is sent elsewhere, or brings no token or a wrong one, does nothing, and its failures are counted on both sides", async () => {
    const site = createSite({ remediator: QUIET, workers: (own) => fat(own, "fat") });
    const pitcrew = await startPitcrew(site);
    await isFat(pitcrew, "fat");
    const right = `${pitcrew.remediatorUrl}api/v1/webhook`;
    const redirecting = createServer((_request, response) => response.writeHead(302, { Location: right }).end());
    await new Promise<void>((resolve) => redirecting.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      redirecting.closeAllConnections();
      redirecting.close();
    });
    const moved = `http://127.0.0.1:${(redirecting.address() as AddressInfo).port}/`;
    const alertmanager = await startAlertmanager({
      config: config([
        { url: moved, token: TOKEN },
        { url: `${right}s`, token: TOKEN },
        { url: `${pitcrew.remediatorUrl}webhook`, token: TOKEN },
        { url: right },
        { url: right, token: "a-wrong-token" },
      ]),
    });
    await alertmanager.post([{ labels: alert("fat").labels }]);
    const refused = 'pitcrew_remediator_notifications_total{host="test-host",result="unauthorized"}';
    await eventually(async () => (await metric(pitcrew, refused)) === 2, {
      what: "both to be refused",
      within: 60_000,
    });
    await eventually(async () => (await sum([alertmanager], "alertmanager_notification_requests_failed_total")) >= 3, {
      what: "Alertmanager to count its failures",
      within: 60_000,
    });
    // Pitcrew itself never redirects: what is not understood is said.
    for (const path of ["api/v1/webhooks", "webhook", "api/v1/webhook"]) {
      const answer = await fetch(`${pitcrew.remediatorUrl}${path}`, {
        method: "POST",
        headers: {
          "Content-Type": "application/json",
          ...(path.endsWith("s") ? { Authorization: `Bearer ${TOKEN}` } : {}),
        },
        body: "{}",
        redirect: "manual",
      });
      expect(answer.status).toBeGreaterThanOrEqual(400);
    }
    expect(count(site, "fat", "term")).toBe(0);
    expect((await pitcrew.incidents("fat")).filter(({ alertname }) => alertname !== null)).toEqual([]);
  });
});
