// The webhook over real HTTP: who is let in, what is understood, what becomes of it.
import { describe, expect, test } from "vitest";
import { addRoutes } from "../../../remediator/api/routes.ts";
import type { Served } from "../../../remediator/api/served.ts";
import type { IncidentView } from "../../../remediator/api/views.ts";
import { JournalError } from "../../../remediator/incidents/journal.ts";
import { serve } from "../../daemon/serve.ts";
import { eventually } from "../../support/eventually.ts";
import { AUTHORIZED, createSite, payload, type Started, start, TOKEN } from "./site.ts";

const WEBHOOK = "api/v1/webhook";
const OVER_LIMIT = { alertname: "PitcrewWorkerMemoryOverLimit", host: "h", worker: "mine", remediation: "restart" };

function served(wanted: Partial<Served>): Served {
  return { closing: false, engine: {}, countNotification() {}, log: { warn() {} }, ...wanted } as unknown as Served;
}

async function answer(response: Response) {
  return { status: response.status, body: (await response.json()) as { code?: string; message?: string } };
}

async function counted({ url }: Started): Promise<Record<string, number>> {
  const text = await (await fetch(`${url}metrics`)).text();
  const found = text.matchAll(/^pitcrew_remediator_notifications_total\{host="h",result="(\w+)"\} (\d+)$/gm);
  return Object.fromEntries(
    [...found].flatMap(([, result = "", count]) => (count === "0" ? [] : [[result, Number(count)]])),
  );
}

describe("a webhook", () => {
  test("without the token, with a wrong one, or from a page in a browser is not let in", async () => {
    const site = await start(createSite());
    const type = { "Content-Type": "application/json" };
    const strangers = [type, { ...type, Authorization: "Bearer wrong" }, { ...type, Authorization: `Basic ${TOKEN}` }];
    for (const headers of strangers) {
      const refused = await answer(await site.post(WEBHOOK, payload({ labels: OVER_LIMIT }), headers));
      expect(refused).toMatchObject({ status: 401, body: { code: "unauthorized" } });
    }
    const refused = await answer(
      await site.post(WEBHOOK, payload({ labels: OVER_LIMIT }), { ...AUTHORIZED, Origin: "http://evil.example" }),
    );
    expect(refused).toMatchObject({ status: 403, body: { code: "cross_site" } });
    expect(site.entries("incident").filter(({ incident }) => (incident as IncidentView).source === "webhook")).toEqual(
      [],
    );
    expect(await counted(site)).toEqual({ unauthorized: strangers.length + 1 });
  });

  test("that is not understood is refused, saying why, and counted", async () => {
    const site = await start(createSite());
    const form = { ...AUTHORIZED, "Content-Type": "application/x-www-form-urlencoded" };
    expect(await answer(await site.post(WEBHOOK, "a=b", form))).toMatchObject({
      status: 415,
      body: { code: "unsupported_media_type" },
    });
    expect(await answer(await site.post(WEBHOOK, "{"))).toMatchObject({ status: 400, body: { code: "malformed" } });
    expect(await answer(await site.post(WEBHOOK, { version: "3", alerts: [] }))).toMatchObject({
      status: 400,
      body: { code: "malformed", message: expect.stringContaining("version: ") as string },
    });
    expect(await answer(await site.post(WEBHOOK, payload({ labels: { a: 1 } as never })))).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining("alerts.0.labels.a: ") as string },
    });
    expect(await answer(await site.post(WEBHOOK, "[".repeat(200_000)))).toMatchObject({ status: 400 });
    const nested = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
    expect(await answer(await site.post(WEBHOOK, nested))).toMatchObject({ status: 400 });
    expect((await fetch(`${site.url}${WEBHOOK}`)).status).toBe(405);
    expect(await counted(site)).toEqual({ malformed: 7 });
  });

  test("that is too large is refused before it is read", async () => {
    const site = await start(createSite());
    const refused = await answer(await site.post(WEBHOOK, `"${"x".repeat(9 * 1024 * 1024)}"`));
    expect(refused).toMatchObject({ status: 413, body: { code: "too_large" } });
    expect(await counted(site)).toEqual({ too_large: 1 });
  });

  test("with nothing of ours in it is understood: 200", async () => {
    const site = await start(createSite());
    const others = payload(
      { labels: { alertname: "DiskFull" } },
      { labels: { ...OVER_LIMIT, host: "g" } },
      { labels: { ...OVER_LIMIT, worker: "nobody" } },
      { labels: { ...OVER_LIMIT, worker: "theirs" } },
      { status: "resolved", labels: OVER_LIMIT },
    );
    expect(await answer(await site.post(WEBHOOK, others))).toEqual({
      status: 200,
      body: { accepted: 0, refused: 3, heartbeats: 0 },
    });
    expect(await counted(site)).toEqual({ nothing_to_do: 1 });
    const { refused } = (await site.get("api/v1/incidents")) as { refused: { reason: string }[] };
    expect(refused.map(({ reason }) => reason)).toEqual(["other_host", "unknown_worker", "observed_only"]);
  });

  test("that is a forged alert is accepted, kept, and found to be untrue", async () => {
    const site = await start(createSite());
    await running(site);
    expect((await site.post(WEBHOOK, payload({ labels: OVER_LIMIT }))).status).toBe(202);
    // Kept before it was answered.
    const webhooks = site.entries("incident").map(({ incident }) => incident as IncidentView);
    expect(webhooks.some(({ source, state }) => source === "webhook" && state === "open")).toBe(true);
    const judged = await eventually(
      async () => (await incidents(site)).find(({ source, open }) => source === "webhook" && !open),
      { what: "the judgement" },
    );
    expect(judged).toMatchObject({ state: "cancelled", suppressed: "not_reproduced", target: "mine" });
    expect(await counted(site)).toEqual({ accepted: 1 });
  });

  test("with a heartbeat of this host is accepted and shows", async () => {
    const site = await start(createSite());
    const heartbeat = { alertname: "PitcrewHeartbeat", host: "h", remediation: "heartbeat" };
    expect((await site.post(WEBHOOK, payload({ labels: heartbeat }))).status).toBe(202);
    const { remediator } = (await site.get("api/v1/status")) as { remediator: { heartbeat_age_seconds: number } };
    expect(remediator.heartbeat_age_seconds).toBeGreaterThanOrEqual(0);
  });

  test("with hostile labels does nothing but be on the record, on one line each", async () => {
    const site = await start(createSite());
    const hostile = { ...OVER_LIMIT, worker: "$(touch /tmp/owned)\n../../x\0", alertname: "`id`", LD_PRELOAD: "/x.so" };
    expect((await site.post(WEBHOOK, payload({ labels: hostile }))).status).toBe(200);
    expect(site.entries("refused")).toMatchObject([{ reason: "unknown_rule", worker: hostile.worker }]);
  });

  test("whose alerts were cut off is taken, and complained of", async () => {
    const about = createSite();
    const site = await start(about);
    expect((await site.post(WEBHOOK, { ...payload(), truncatedAlerts: 7 })).status).toBe(200);
    expect(about.log.some((line) => line.includes("max_alerts") && line.includes("truncated=7"))).toBe(true);
  });
});

describe("a webhook is asked to come again", () => {
  test.each<[string, Partial<Served>]>([
    ["while the remediator is stopping", { closing: true }],
    [
      "while its journal cannot be written",
      {
        intake: {
          take() {
            throw new JournalError("the journal cannot be written (ENOSPC)");
          },
        } as unknown as Served["intake"],
      },
    ],
  ])("%s", async (_title, wanted) => {
    const { url } = await serve({
      routes: (app) => addRoutes(app, served(wanted), "the HTTP API"),
      authorizePost: () => true,
    });
    const response = await fetch(`${url}${WEBHOOK}`, {
      method: "POST",
      headers: AUTHORIZED,
      body: JSON.stringify(payload()),
    });
    expect(await answer(response)).toMatchObject({ status: 503, body: { code: "unavailable" } });
  });
});

test("a webhook that is kept is acted on first, and answered then: an answer is no use to a worker that grows", async () => {
  const order: string[] = [];
  const look = async () => {
    for (let step = 0; step < 20; step += 1) await Promise.resolve();
    order.push("looked");
  };
  const intake = {
    take: () => {
      void look();
      return { accepted: 1, refused: 0, heartbeats: 0 };
    },
  } as unknown as Served["intake"];
  const { url } = await serve({
    routes: (app) => {
      app.use((_request, response, next) => {
        response.once("prefinish", () => order.push("answered"));
        next();
      });
      addRoutes(app, served({ intake }), "the HTTP API");
    },
    authorizePost: () => true,
  });
  const response = await fetch(`${url}${WEBHOOK}`, {
    method: "POST",
    headers: AUTHORIZED,
    body: JSON.stringify(payload()),
  });
  expect(response.status).toBe(202);
  expect(order).toEqual(["looked", "answered"]);
});

async function incidents(site: Started): Promise<IncidentView[]> {
  return ((await site.get("api/v1/incidents")) as { incidents: IncidentView[] }).incidents;
}

async function running(site: Started): Promise<void> {
  await eventually(async () => (await incidents(site)).some(({ state }) => state === "resolved"), {
    what: "the worker",
  });
}
