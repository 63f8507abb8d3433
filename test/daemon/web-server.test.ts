import { describe, expect, test } from "vitest";
import { HttpError } from "../../daemon/http-error.ts";
import type { WebServerOptions } from "../../daemon/web-server.ts";
import { AUTHORIZED, serve } from "./serve.ts";

const JSON_TYPE = { "Content-Type": "application/json" };

describe("paths that both daemons have", () => {
  test("the landing page is self-contained HTML with its links, and nothing in it is markup by accident", async () => {
    const { url } = await serve();
    const response = await fetch(url);
    const html = await response.text();
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(html).toContain('<a href="metrics">Metrics</a>');
    expect(html).toContain("It &lt;measures&gt;.");
    expect(html).not.toContain("<script>");
    expect(html).not.toMatch(/https?:/);
  });

  test("metrics have the content type that the exposition names, and see the Accept header", async () => {
    const accepts: (string | undefined)[] = [];
    const { url } = await serve({
      metrics: (accept) => {
        accepts.push(accept);
        return Promise.resolve({
          contentType: "application/openmetrics-text; version=1.0.0; charset=utf-8",
          body: Buffer.from("é\n"),
        });
      },
    });
    const response = await fetch(`${url}metrics`, { headers: { Accept: "application/openmetrics-text" } });
    expect(response.headers.get("content-type")).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
    expect(await response.text()).toBe("é\n");
    expect(accepts).toEqual(["application/openmetrics-text"]);
  });

  test("healthy is healthy from the start, ready only when it is", async () => {
    let ready = false;
    const { url } = await serve({ ready: () => ready });
    expect((await fetch(`${url}-/healthy`)).status).toBe(200);
    const response = await fetch(`${url}-/ready`);
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ code: "not_ready", message: "pitcrew exporter is not ready" });
    ready = true;
    expect((await fetch(`${url}-/ready`)).status).toBe(200);
  });

  test.each(["", "metrics", "-/healthy", "-/ready"])("HEAD of /%s has the head of GET and no body", async (path) => {
    const { url } = await serve();
    const get = await fetch(url + path);
    const head = await fetch(url + path, { method: "HEAD" });
    expect(head.status).toBe(200);
    expect(head.headers.get("content-type")).toBe(get.headers.get("content-type"));
    expect(head.headers.get("content-length")).toBe(String(Buffer.byteLength(await get.text())));
    expect(await head.text()).toBe("");
  });

  test("no answer names its software or carries an etag", async () => {
    const { url } = await serve();
    for (const path of ["", "metrics", "nowhere"]) {
      const { headers } = await fetch(url + path);
      expect([headers.get("x-powered-by"), headers.get("etag"), headers.get("server")]).toEqual([null, null, null]);
    }
  });
});

describe("refusals", () => {
  test("an unknown path is 404, a known one with another method 405 with Allow", async () => {
    const { url } = await serve({
      onReload: () => Promise.resolve(),
      routes: (app) => {
        app.post("/api/v1/workers/:worker/stop", (_request, response) => response.json({}));
        app.delete("/api/v1/workers/:worker/stop", (_request, response) => response.json({}));
      },
    });
    const seen = async (path: string, method: string) => {
      const response = await fetch(url + path, { method, headers: AUTHORIZED });
      const body: unknown = await response.json();
      return [response.status, response.headers.get("allow"), (body as { code: string }).code];
    };
    expect(await seen("nowhere", "GET")).toEqual([404, null, "not_found"]);
    expect(await seen("nowhere", "POST")).toEqual([404, null, "not_found"]);
    expect(await seen("metrics", "POST")).toEqual([405, "GET, HEAD", "method_not_allowed"]);
    expect(await seen("-/reload", "GET")).toEqual([405, "POST", "method_not_allowed"]);
    expect(await seen("api/v1/workers/a/stop", "GET")).toEqual([405, "DELETE, POST", "method_not_allowed"]);
  });

  test.each(["development", "production", "test"])("an error has no stack when NODE_ENV is %s", async (environment) => {
    const before = process.env.NODE_ENV;
    process.env.NODE_ENV = environment;
    try {
      const { url, lines } = await serve({ metrics: () => Promise.reject(new Error("secret of /etc/shadow")) });
      const response = await fetch(`${url}metrics`);
      expect(response.status).toBe(500);
      expect(await response.json()).toEqual({ code: "internal", message: "internal error: see the log" });
      expect(lines.join("\n")).toContain("secret of /etc/shadow");
      expect((await fetch(`${url}%E0%A4%A`)).status).toBe(404);
    } finally {
      if (before === undefined) delete process.env.NODE_ENV;
      else process.env.NODE_ENV = before;
    }
  });

  test("each refusal is reported once, so that it can be counted", async () => {
    const refusals: string[] = [];
    const { url } = await serve({
      onRefused: ({ method, path, status, code }) => refusals.push(`${method} ${path} ${status} ${code}`),
      routes: (app) =>
        app.get("/teapot", () => {
          throw new HttpError(418, "teapot", "short and stout");
        }),
    });
    await fetch(url);
    await fetch(`${url}teapot?token=secret`);
    await fetch(`${url}-/reload`, { method: "POST" });
    expect(refusals).toEqual(["GET /teapot 418 teapot", "POST /-/reload 401 unauthorized"]);
  });
});

describe("a POST", () => {
  const echo: Partial<WebServerOptions> = {
    maxBodyBytes: 100,
    routes: (app) => app.post("/echo", (request, response) => response.json(request.body)),
  };
  const post = async (url: string, body: string | Uint8Array, headers: Record<string, string>) => {
    const response = await fetch(`${url}echo`, { method: "POST", body: body as string, headers });
    const answer: unknown = await response.json();
    return [response.status, (answer as { code?: string }).code ?? answer];
  };

  test("with the token and JSON reaches its handler", async () => {
    const { url } = await serve(echo);
    expect(await post(url, '{"a":1}', { ...AUTHORIZED, ...JSON_TYPE })).toEqual([200, { a: 1 }]);
  });

  test.each<[string, string | Uint8Array, Record<string, string>, number, string]>([
    ["without the token", "{}", JSON_TYPE, 401, "unauthorized"],
    ["without the token and too large", "x".repeat(500), JSON_TYPE, 401, "unauthorized"],
    ["with broken JSON", '{"a":', { ...AUTHORIZED, ...JSON_TYPE }, 400, "malformed"],
    ["with JSON that is no object", '"text"', { ...AUTHORIZED, ...JSON_TYPE }, 400, "malformed"],
    ["too large", `{"a":"${"x".repeat(100)}"}`, { ...AUTHORIZED, ...JSON_TYPE }, 413, "too_large"],
    ["of another type", "a=1", { ...AUTHORIZED, "Content-Type": "text/plain" }, 415, "unsupported_media_type"],
    ["of no type", new Uint8Array([123, 125]), AUTHORIZED, 415, "unsupported_media_type"],
    [
      "in another charset",
      "{}",
      { ...AUTHORIZED, "Content-Type": "application/json; charset=latin1" },
      415,
      "unsupported_media_type",
    ],
    ["compressed", "{}", { ...AUTHORIZED, ...JSON_TYPE, "Content-Encoding": "gzip" }, 415, "unsupported_media_type"],
  ])("%s is refused", async (_how, body, headers, status, code) => {
    const { url } = await serve(echo);
    expect(await post(url, body, headers)).toEqual([status, code]);
  });

  test("nested beyond reason is refused and the server lives on", async () => {
    const { url } = await serve({ ...echo, maxBodyBytes: 8 * 1024 * 1024 });
    const [status] = await post(url, "[".repeat(4 * 1024 * 1024), { ...AUTHORIZED, ...JSON_TYPE });
    expect(status).toBe(400);
    expect((await fetch(`${url}-/healthy`)).status).toBe(200);
  });

  test("of nine mebibytes gets its 413 although it was not read", async () => {
    const { url } = await serve({ ...echo, maxBodyBytes: 8 * 1024 * 1024 });
    expect(await post(url, "x".repeat(9 * 1024 * 1024), { ...AUTHORIZED, ...JSON_TYPE })).toEqual([413, "too_large"]);
  });

  test("is refused where nobody is authorized to change anything", async () => {
    const { url } = await serve({ authorizePost: undefined as never, onReload: () => Promise.resolve() });
    const response = await fetch(`${url}-/reload`, { method: "POST", headers: AUTHORIZED });
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toBe('Bearer realm="pitcrew"');
  });
});

describe("reload", () => {
  test("runs what it was given, and answers with why it failed", async () => {
    let bad = false;
    const { url } = await serve({
      onReload: () => (bad ? Promise.reject(new Error("pitcrew.yml:3:1: unknown key")) : Promise.resolve()),
    });
    const reload = () => fetch(`${url}-/reload`, { method: "POST", headers: AUTHORIZED });
    expect((await reload()).status).toBe(200);
    bad = true;
    const response = await reload();
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({ code: "reload_failed", message: "pitcrew.yml:3:1: unknown key" });
  });

  test("does not exist where there is nothing to reload", async () => {
    const { url } = await serve();
    expect((await fetch(`${url}-/reload`, { method: "POST", headers: AUTHORIZED })).status).toBe(404);
  });
});
