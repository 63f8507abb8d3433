import bcrypt from "bcrypt";
import { describe, expect, test } from "vitest";
import { createAdmission } from "../../../daemon/web-config/admission.ts";
import { AUTHORIZED } from "../serve.ts";
import { serveWebConfig } from "./serve-web-config.ts";

// The lowest cost: these tests are not about bcrypt.
const HASH = bcrypt.hashSync("secret", 4);
const USERS = `basic_auth_users: {alice: "${HASH.replace("$2b$", "$2y$")}"}`;

const basic = (user: string, password: string) => ({
  Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`,
});

describe("with users", () => {
  test.each<[string, Record<string, string>, number]>([
    ["no credentials", {}, 401],
    ["name and password", basic("alice", "secret"), 200],
    ["a wrong password", basic("alice", "Secret"), 401],
    ["a name that nobody has", basic("bob", "secret"), 401],
    ["a name of JavaScript's own", basic("__proto__", "secret"), 401],
    ["an empty password", basic("alice", ""), 401],
    ["no colon", { Authorization: `Basic ${Buffer.from("alice").toString("base64")}` }, 401],
    ["no base64", { Authorization: "Basic ~~~" }, 401],
    ["another scheme", { Authorization: "Digest secret" }, 401],
    ["the token, which lets its bearer change things and so read them too", AUTHORIZED, 200],
    ["another token", { Authorization: "Bearer other" }, 401],
  ])("a request with %s", async (_with, headers, status) => {
    const { url } = await serveWebConfig(USERS);
    const response = await fetch(`${url}metrics`, { headers });
    expect(response.status).toBe(status);
    expect(response.headers.get("www-authenticate")).toBe(
      status === 401 ? 'Basic realm="pitcrew", charset="UTF-8"' : null,
    );
  });

  test("every page asks, unknown ones too; health does not", async () => {
    const { url } = await serveWebConfig(USERS);
    const statuses = async (headers: Record<string, string>) => {
      const paths = ["", "metrics", "nowhere", "-/healthy", "-/ready", "-/healthy?x=1"];
      return Promise.all(paths.map(async (path) => (await fetch(url + path, { headers })).status));
    };
    expect(await statuses({})).toEqual([401, 401, 401, 200, 200, 200]);
    expect(await statuses(basic("alice", "secret"))).toEqual([200, 200, 404, 200, 200, 200]);
  });

  test("a change needs the token: no password stands for it, and none is needed beside it", async () => {
    let reloads = 0;
    const { url } = await serveWebConfig(USERS, {}, { onReload: async () => void reloads++ });
    const reload = async (headers: Record<string, string>) => {
      const response = await fetch(`${url}-/reload`, { method: "POST", headers });
      return [response.status, response.headers.get("www-authenticate")];
    };
    expect(await reload({})).toEqual([401, 'Bearer realm="pitcrew"']);
    expect(await reload(basic("alice", "secret"))).toEqual([401, 'Bearer realm="pitcrew"']);
    expect(await reload(AUTHORIZED)).toEqual([200, null]);
    expect(reloads).toBe(1);
  });

  test("refusals are reported, so that they can be counted", async () => {
    const refused: string[] = [];
    const { url } = await serveWebConfig(
      USERS,
      {},
      { onRefused: ({ path, status, code }) => refused.push(`${path} ${status} ${code}`) },
    );
    await fetch(`${url}metrics`);
    expect(refused).toEqual(["/metrics 401 unauthorized"]);
  });

  test("a user who is added is known at once, one who is removed no longer", async () => {
    const { url, write } = await serveWebConfig(USERS);
    const status = async (user: string) => (await fetch(`${url}metrics`, { headers: basic(user, "secret") })).status;
    expect([await status("alice"), await status("bob")]).toEqual([200, 401]);
    write({ "web.yml": `basic_auth_users: {bob: "${HASH}"}` });
    expect([await status("alice"), await status("bob")]).toEqual([401, 200]);
  });
});

describe("headers", () => {
  test("are on every answer, the file's own before ours; unset if blank", async () => {
    const { url } = await serveWebConfig(`
${USERS}
http_server_config:
  headers: {Content-Security-Policy: "default-src 'self'", X-Frame-Options: deny, X-XSS-Protection: ""}`);
    for (const [path, headers] of [
      ["", AUTHORIZED],
      ["metrics", {}],
      ["-/healthy", {}],
    ] as const) {
      const answer = await fetch(url + path, { headers });
      expect(answer.headers.get("content-security-policy")).toBe("default-src 'self'");
      expect(answer.headers.get("x-frame-options")).toBe("deny");
      expect(answer.headers.get("x-xss-protection")).toBeNull();
      expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    }
  });
});

describe("a rate limit", () => {
  test("answers a burst, then 429; health in any case", async () => {
    const { url } = await serveWebConfig("rate_limit: {interval: 1h, burst: 2}");
    const status = async (path: string) => (await fetch(url + path)).status;
    expect([await status("metrics"), await status(""), await status("metrics")]).toEqual([200, 200, 429]);
    expect(await status("-/healthy")).toBe(200);
    expect((await fetch(url)).headers.get("retry-after")).toBe("3600");
  });

  test("gives a request back each interval, never more than the burst", async () => {
    let now = 0;
    const admit = createAdmission({
      current: () => ({
        tls: undefined,
        headers: [],
        users: new Map(),
        rateLimit: { intervalSeconds: 1, burst: 2 },
        files: [],
      }),
      hasToken: () => false,
      now: () => now,
    });
    const request = { url: "/metrics", method: "GET", headers: {} };
    const response = { setHeader: () => undefined };
    const answered = async () =>
      admit(request as never, response as never).then(
        () => true,
        () => false,
      );
    const many = async (count: number) => {
      let yes = 0;
      for (let i = 0; i < count; i++) if (await answered()) yes++;
      return yes;
    };
    expect(await many(5)).toBe(2);
    now = 500;
    expect(await many(5)).toBe(0);
    now = 1000;
    expect(await many(5)).toBe(1);
    now = 60_000;
    expect(await many(5)).toBe(2);
  });
});
