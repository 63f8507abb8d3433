// Who may change something, and by which door: cross-site requests, the socket's file, hostile paths and queries, and reading that only reads.
import { execFileSync } from "node:child_process";
import { chownSync, lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { controlSocketPath } from "../../../worker/files/run-directory.ts";
import { eventually } from "../../support/eventually.ts";
import { AUTHORIZED, createSite, type Started, start } from "./site.ts";

/** Each starts remediators of its own, and the machine may be busy. */
vi.setConfig({ testTimeout: 60_000 });

const CHANGES = [
  ["POST", "/api/v1/webhook"],
  ["POST", "/api/v1/workers/mine/stop"],
  ["POST", "/api/v1/pauses"],
  ["DELETE", "/api/v1/pauses"],
  ["DELETE", "/api/v1/pauses/x"],
  ["POST", "/-/reload"],
] as const;

interface Plain {
  status: number;
  body: unknown;
}

/** Sends the path as it is: fetch would tidy it up. */
function send(
  where: { host: string; port: string } | { socketPath: string },
  {
    method,
    path,
    headers = {},
    body,
  }: { method: string; path: string; headers?: Record<string, string>; body?: string },
): Promise<Plain> {
  const length = body === undefined ? undefined : { "Content-Length": String(Buffer.byteLength(body)) };
  return new Promise((resolve, reject) => {
    const sent = request(
      { ...where, method, path, headers: length === undefined ? headers : { ...headers, ...length }, agent: false },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (part: string) => {
          text += part;
        });
        response.on("end", () => {
          let parsed: unknown = text;
          try {
            parsed = JSON.parse(text);
          } catch {
            // A page.
          }
          resolve({ status: response.statusCode ?? 0, body: parsed });
        });
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}

function doorsOf(site: Started, runDirectory: string) {
  const { hostname: host, port } = new URL(site.url);
  return [{ host, port }, { socketPath: controlSocketPath(runDirectory) }] as const;
}

describe("a page in a browser", () => {
  test("changes nothing, token or not, whatever site it says it is of", async () => {
    const made = createSite();
    const site = await start(made);
    const marks = [
      { Origin: "https://evil.example" },
      { Origin: "null" },
      { "Sec-Fetch-Site": "cross-site" },
      { "Sec-Fetch-Site": "same-site" },
      { "Sec-Fetch-Site": "same-origin" },
    ];
    for (const where of doorsOf(site, made.config.runDirectory))
      for (const [method, path] of CHANGES)
        for (const mark of marks)
          expect(
            await send(where, { method, path, headers: { ...AUTHORIZED, ...mark }, body: "{}" }),
            `${method} ${path} ${JSON.stringify(mark)}`,
          ).toMatchObject({ status: 403, body: { code: "cross_site" } });
    expect(["order", "desired", "pause", "resume"].flatMap((type) => site.entries(type))).toEqual([]);
    expect(JSON.stringify(site.entries("incident"))).not.toContain('"operator"');
  });

  test("is told of no other site that may read the answer", async () => {
    const site = await start(createSite());
    const response = await fetch(`${site.url}api/v1/status`, { headers: { Origin: "https://evil.example" } });
    expect([...response.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
  });
});

describe("who made a change", () => {
  test("is in the journal with the door: the socket takes the caller's word, the network's says so", async () => {
    const site = await start(createSite());
    const pause = { for: "1h", reason: "maintenance" };
    await site.order("POST", "/api/v1/pauses", { ...pause, by: "ann" });
    await site.order("POST", "/api/v1/pauses", pause);
    await site.post("api/v1/pauses", { ...pause, by: "bob" });
    await site.post("api/v1/pauses", pause);
    await site.order("DELETE", "/api/v1/pauses", { by: "cleo" });
    expect(site.entries("pause").map(({ pause: made }) => (made as { by: string }).by)).toEqual([
      "ann",
      "the control socket",
      "bob (the HTTP API)",
      "the HTTP API",
    ]);
    expect(site.entries("resume").map(({ by }) => by)).toEqual(["cleo", "cleo", "cleo", "cleo"]);
  });

  test("is in the journal for each kind of order, also where it joins what is under way", async () => {
    const site = await start(createSite());
    for (const action of ["restart", "recycle", "stop", "start", "clear"]) {
      await site.order("POST", `/api/v1/workers/mine/${action}`, { by: `ann-${action}` });
      expect(site.entries("order").at(-1)).toMatchObject({ action, worker: "mine", by: `ann-${action}`, force: false });
    }
  });
});

describe("the control socket", () => {
  test("is the owner's and the group's, of the run directory's group, whatever the umask", async () => {
    const made = createSite();
    chownSync(made.config.runDirectory, 0, 4242);
    const umask = process.umask(0);
    try {
      await start(made);
    } finally {
      process.umask(umask);
    }
    const found = lstatSync(controlSocketPath(made.config.runDirectory));
    expect([(found.mode & 0o777).toString(8), found.gid]).toEqual(["660", 4242]);
  });

  test("is closed to a user of neither: one sentence tells why", async () => {
    const made = createSite();
    await start(made);
    const ask = `require("node:net").connect(${JSON.stringify(controlSocketPath(made.config.runDirectory))}).on("error", (e) => console.log(e.code))`;
    execFileSync("chmod", ["755", made.directory]);
    expect(execFileSync(process.execPath, ["-e", ask], { uid: 65_534, gid: 65_534, encoding: "utf8" })).toBe(
      "EACCES\n",
    );
  });

  test.each<[string, (path: string) => void]>([
    ["a file", (path) => writeFileSync(path, "mine")],
    ["a folder", (path) => mkdirSync(path)],
    ["a link", (path) => symlinkSync("/etc/passwd", path)],
  ])("takes the place of nothing but a socket: %s stays", async (_what, put) => {
    const made = createSite();
    put(controlSocketPath(made.config.runDirectory));
    await expect(start(made)).rejects.toThrow("is no socket: move it away");
    expect(lstatSync(controlSocketPath(made.config.runDirectory)).isSocket()).toBe(false);
  });
});

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
    ...["/", "/metrics", "/-/healthy", "/-/ready", "/-/reload", "/api/v1/webhook", "/api/v1/status", "/api/v1/workers"],
    ...["/api/v1/incidents", "/api/v1/incidents/x", "/api/v1/workers/mine/stop", "/api/v1/pauses", "/api/v1/pauses/x"],
  ];
  for (const where of doorsOf(site, made.config.runDirectory))
    for (const method of ["GET", "HEAD"])
      for (const path of paths) {
        const { status } = await send(where, { method, path, headers: AUTHORIZED });
        expect([200, 404, 405], `${method} ${path}`).toContain(status);
      }
  expect(journal()).toBe(before);
});
