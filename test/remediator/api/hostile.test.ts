// Requests that mean no good, and reading that only reads.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { doorsOf, send } from "./knock.ts";
import { AUTHORIZED, createSite, start } from "./site.ts";

/** Each starts remediators of its own, and the machine may be busy. */

describe("hostile requests", () => {
  const NAMES = [
    "..",
    "../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "%00",
    "mine%00",
    "__proto__",
    "constructor",
    "%1b[2J",
    "mine%2e",
    "MINE",
    "a".repeat(5000),
  ];

  test("a worker of a hostile name is unknown, and nothing happens", async () => {
    const made = createSite();
    const site = await start(made);
    for (const where of doorsOf(site, made.config.runDirectory))
      for (const name of NAMES) {
        const answer = await send(where, {
          method: "POST",
          path: `/api/v1/workers/${name}/stop`,
          headers: AUTHORIZED,
          body: "{}",
        });
        expect(answer.status, JSON.stringify(answer.body)).toBe(404);
      }
    expect(site.entries("desired")).toEqual([]);
  });

  test("a path that cannot be decoded, an incident of no id, an action that is none", async () => {
    const made = createSite();
    const site = await start(made);
    const [network] = doorsOf(site, made.config.runDirectory);
    const post = { method: "POST", headers: AUTHORIZED, body: "{}" };
    expect(await send(network, { ...post, path: "/api/v1/workers/%zz/stop" })).toMatchObject({
      status: 400,
      body: { code: "malformed" },
    });
    expect(await send(network, { method: "GET", path: "/api/v1/incidents/__proto__" })).toMatchObject({ status: 404 });
    expect(await send(network, { ...post, path: "/api/v1/workers/mine/explode" })).toMatchObject({ status: 404 });
    expect(await send(network, { ...post, path: "/api/v1/workers/mine/__proto__" })).toMatchObject({ status: 404 });
  });

  const QUERIES = [
    ["state=broken", "state: one of open, relieving"],
    ["state=__proto__", "state: one of open, relieving"],
    ["since=yesterday", "since: "],
    ["since=", "since: "],
    ["limit=0", "limit: a whole number from 1 to 10000"],
    ["limit=10001", "limit: a whole number from 1 to 10000"],
    ["limit=1e3", "limit: a whole number from 1 to 10000"],
    ["limit=%2B5", "limit: a whole number from 1 to 10000"],
    ["worker=a&worker=b", "worker: give it once"],
    [`worker=${"a".repeat(5000)}`, "worker: at most 200 characters"],
    ["wroker=mine", "there is no parameter of this name here: worker, state, since, limit"],
    ["__proto__=1", "there is no parameter of this name here"],
  ];

  test("a query that asks for what there is not is refused with a reason", async () => {
    const made = createSite();
    const site = await start(made);
    const [network] = doorsOf(site, made.config.runDirectory);
    for (const [query, message = ""] of QUERIES) {
      const answer = await send(network, { method: "GET", path: `/api/v1/incidents?${query}` });
      expect(answer, query).toMatchObject({ status: 400, body: { code: "malformed" } });
      expect((answer.body as { message: string }).message, query).toContain(message);
    }
  });

  test("a query longer than any server should read is refused before it is looked at", async () => {
    const made = createSite();
    const site = await start(made);
    const [network] = doorsOf(site, made.config.runDirectory);
    const answer = await send(network, { method: "GET", path: `/api/v1/incidents?worker=${"a".repeat(100_000)}` });
    expect(answer.status).toBe(431);
    expect((await fetch(`${site.url}-/healthy`)).status).toBe(200);
  });

  const BODIES: [string, string, object][] = [
    ["/api/v1/workers/mine/stop", "force: true or false", { force: "yes" }],
    ["/api/v1/workers/mine/stop", "by: a text", { by: 7 }],
    ["/api/v1/workers/mine/stop", "by: at most 500 characters", { by: "a".repeat(501) }],
    ["/api/v1/workers/mine/stop", "the body is a JSON object", []],
    ["/api/v1/pauses", "reason: say why", { for: "1h" }],
    ["/api/v1/pauses", "for: ", { for: "soon", reason: "x" }],
    ["/api/v1/pauses", "worker: a text", { for: "1h", reason: "x", worker: ["mine"] }],
  ];

  test("an order that is not understood is refused with a reason, and nothing of it is done", async () => {
    const site = await start(createSite());
    for (const [path, message, body] of BODIES) {
      const answer = await site.order("POST", path, body);
      expect(answer, message).toMatchObject({ status: 400, body: { code: "malformed" } });
      expect((answer.body as { message: string }).message).toContain(message);
    }
    expect([...site.entries("desired"), ...site.entries("pause")]).toEqual([]);
  });
});

test("reading only reads: no GET or HEAD of any path writes to the journal or to a file", async () => {
  const made = createSite();
  const site = await start(made);
  await eventually(
    () => site.entries("incident").some(({ incident }) => (incident as { state: string }).state === "resolved"),
    {
      what: "the first start to be over",
    },
  );
  const journal = () => readFileSync(join(made.config.stateDirectory, "journal.jsonl"), "utf8");
  const before = journal();
  const paths = [
    "/",
    "/metrics",
    "/-/healthy",
    "/-/ready",
    "/-/reload",
    "/api/v1/webhook",
    "/api/v1/status",
    "/api/v1/workers",
    "/api/v1/incidents",
    "/api/v1/incidents/x",
    "/api/v1/workers/mine/stop",
    "/api/v1/pauses",
    "/api/v1/pauses/x",
  ];
  for (const where of doorsOf(site, made.config.runDirectory))
    for (const method of ["GET", "HEAD"])
      for (const path of paths) {
        const { status } = await send(where, { method, path, headers: AUTHORIZED });
        expect([200, 404, 405], `${method} ${path}`).toContain(status);
      }
  expect(journal()).toBe(before);
});
