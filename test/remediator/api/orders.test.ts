// Orders over the control socket, and what everybody may read.
import { statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { IncidentView, StatusView, WorkerView } from "../../../remediator/api/views.ts";
import { eventually } from "../../support/eventually.ts";
import { createSite, type Started, start } from "./site.ts";

async function worker(site: Started, name: string): Promise<WorkerView> {
  const { workers } = (await site.get("api/v1/workers")) as { workers: WorkerView[] };
  const found = workers.find((it) => it.worker === name);
  if (found === undefined) throw new Error(`no worker ${name}`);
  return found;
}

/** Up, and nobody is busy with it. */
function settled(site: Started): Promise<WorkerView> {
  return eventually(
    async () => {
      const view = await worker(site, "mine");
      return view.state === "up" && view.incident === null ? view : undefined;
    },
    { what: "the worker to be up" },
  );
}

function down(site: Started) {
  return eventually(async () => (await worker(site, "mine")).state === "down", { what: "the worker to be down" });
}

describe("orders", () => {
  test("come over a socket that only its owner and group may open", async () => {
    const about = createSite();
    await start(about);
    expect(statSync(join(about.config.runDirectory, "control.sock")).mode & 0o777).toBe(0o660);
  });

  test("stop a worker, start it, and say who gave them", async () => {
    const site = await start(createSite());
    const first = await settled(site);
    const stopped = await site.order("POST", "/api/v1/workers/mine/stop", { by: "ann" });
    expect(stopped).toMatchObject({ status: 202, body: { worker: "mine", action: "stop" } });
    await down(site);
    expect(await worker(site, "mine")).toMatchObject({ desired: "down", desired_reason: "operator" });
    expect(site.entries("desired")).toMatchObject([{ worker: "mine", desired: "down", by: "ann" }]);

    expect((await site.order("POST", "/api/v1/workers/mine/start")).status).toBe(202);
    const second = await settled(site);
    expect(second.pid).not.toBe(first.pid);
    expect(site.entries("desired").at(-1)).toMatchObject({ desired: "up", by: "the control socket" });
  });

  test("restart a worker", async () => {
    const site = await start(createSite());
    const first = await settled(site);
    const { body } = await site.order("POST", "/api/v1/workers/mine/restart", { by: "ann" });
    const { incident } = body as { incident: string };
    const done = await eventually(
      async () => {
        const view = (await site.get(`api/v1/incidents/${incident}`)) as IncidentView;
        return view.open ? undefined : view;
      },
      { what: "the restart" },
    );
    expect(done).toMatchObject({ state: "resolved", ladder: "restart", by: "ann", pid: first.pid });
    expect((await settled(site)).restarts).toEqual({ operator: 1 });
  });

  test("over the network need the token", async () => {
    const site = await start(createSite());
    await settled(site);
    expect((await site.post("api/v1/workers/mine/stop", {}, { "Content-Type": "application/json" })).status).toBe(401);
    expect((await site.post("api/v1/workers/mine/stop", {})).status).toBe(202);
    await down(site);
    expect(site.entries("desired")).toMatchObject([{ by: "the HTTP API" }]);
  });

  test.each<[string, string, number, string]>([
    ["about a worker that is not configured", "/api/v1/workers/nobody/stop", 404, "unknown_worker"],
    ["that do not exist", "/api/v1/workers/mine/fly", 404, "not_found"],
    ["about a worker that is only observed", "/api/v1/workers/theirs/restart", 409, "observed_only"],
  ])("%s are refused", async (_title, path, status, code) => {
    const site = await start(createSite());
    expect(await site.order("POST", path)).toMatchObject({ status, body: { code } });
  });

  test("pause automation, for a time and with a reason, and end a pause", async () => {
    const site = await start(createSite());
    const wanted = { worker: "mine", for: "1h", reason: "maintenance", by: "ann" };
    const made = await site.order("POST", "/api/v1/pauses", wanted);
    expect(made).toMatchObject({ status: 201, body: { worker: "mine", reason: "maintenance", by: "ann" } });
    const { pauses } = (await site.get("api/v1/status")) as StatusView;
    expect(pauses).toMatchObject([{ worker: "mine", reason: "maintenance" }]);
    expect(await worker(site, "mine")).toMatchObject({ paused: true });
    expect(await worker(site, "theirs")).toMatchObject({ paused: false });

    const { id } = made.body as { id: string };
    expect(await site.order("DELETE", `/api/v1/pauses/${id}`)).toMatchObject({ status: 200, body: { ended: 1 } });
    expect(await site.order("DELETE", `/api/v1/pauses/${id}`)).toMatchObject({ status: 404 });
    expect(await worker(site, "mine")).toMatchObject({ paused: false });
    await site.order("POST", "/api/v1/pauses", { for: "1h", reason: "all" });
    expect(await site.order("DELETE", "/api/v1/pauses")).toMatchObject({ body: { ended: 1 } });
  });

  test.each<[string, object]>([
    ["without a reason", { for: "1h" }],
    ["without a time", { reason: "x" }],
    ["for a time that is none", { for: "soon", reason: "x" }],
  ])("pause nothing %s", async (_title, body) => {
    const site = await start(createSite());
    expect(await site.order("POST", "/api/v1/pauses", body)).toMatchObject({
      status: 400,
      body: { code: "malformed" },
    });
    expect(site.entries("pause")).toEqual([]);
  });
});

describe("everybody may read", () => {
  test("the status: workers, incidents, pauses, budgets, the loop", async () => {
    const site = await start(createSite());
    const view = await settled(site);
    expect(view).toMatchObject({ group: "w", manager: "supervised", desired: "up", quarantined: false, restarts: {} });
    const status = (await site.get("api/v1/status")) as StatusView;
    expect(status).toMatchObject({
      version: 1,
      host: "h",
      remediator: { guard: "off", dry_run: false, heartbeat_age_seconds: null, journal_writable: true },
      open_incidents: [],
      pauses: [],
      left_behind: [],
      budget: { host_remaining: 6, workers: { mine: 3, theirs: 3 } },
    });
    expect(status.workers.map(({ worker: name, state, desired }) => [name, state, desired])).toEqual([
      ["mine", "up", "up"],
      ["theirs", "up", null],
    ]);
  });

  test("the incidents, by worker, state, age and number", async () => {
    const site = await start(createSite());
    await settled(site);
    const list = async (query: string) =>
      ((await site.get(`api/v1/incidents${query}`)) as { incidents: IncidentView[] }).incidents.map(
        ({ target }) => target,
      );
    expect(await list("")).toEqual(["mine"]);
    expect(await list("?worker=mine&state=resolved&since=1h&limit=1")).toEqual(["mine"]);
    expect(await list("?worker=theirs")).toEqual([]);
    expect(await list("?state=open")).toEqual([]);
    expect(await site.get("api/v1/incidents?since=yesterday")).toMatchObject({ code: "malformed" });
    expect(await site.get("api/v1/incidents?limit=0")).toMatchObject({ code: "malformed" });
    expect(await site.get("api/v1/incidents/none")).toMatchObject({ code: "not_found" });
  });

  test("the metrics, which agree with the status", async () => {
    const site = await start(createSite());
    await settled(site);
    await site.order("POST", "/api/v1/workers/mine/restart");
    await eventually(async () => (await worker(site, "mine")).restarts.operator === 1, { what: "the restart" });
    const metrics = await (await fetch(`${site.url}metrics`)).text();
    expect(metrics).toContain('pitcrew_worker_restarts_total{host="h",worker="mine",group="w",reason="operator"} 1');
    expect(metrics).toContain('pitcrew_worker_exits_total{host="h",worker="mine",group="w",reason="signal"} 1');
  });
});
