import { EventEmitter, once } from "node:events";
import { request } from "node:http";
import { connect, createServer, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { HttpError } from "../../daemon/http-error.ts";
import { createLog } from "../../daemon/log.ts";
import { startWebServer, type WebServer, type WebServerOptions } from "../../daemon/web-server.ts";

const AUTHORIZED = { Authorization: "Bearer secret" };
const JSON_TYPE = { "Content-Type": "application/json" };

let servers: WebServer[] = [];
let sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await Promise.all(servers.map((server) => server.close()));
  servers = [];
  sockets = [];
});

async function serve(options: Partial<WebServerOptions> = {}): Promise<WebServer & { lines: string[] }> {
  const lines: string[] = [];
  const server = await startWebServer({
    name: "exporter",
    listen: { host: "127.0.0.1", port: 0 },
    metrics: () =>
      Promise.resolve({ contentType: "text/plain; version=0.0.4; charset=utf-8", body: Buffer.from("a 1\n") }),
    landing: () => ({
      title: "pitcrew exporter",
      description: "It <measures>.",
      facts: { host: '"><script>' },
      links: [{ href: "metrics", text: "Metrics" }],
    }),
    ready: () => true,
    authorizePost: ({ headers }) => headers.authorization === AUTHORIZED.Authorization,
    log: createLog({ level: "debug", format: "logfmt", write: (line) => lines.push(line) }),
    ...options,
  });
  servers.push(server);
  return { ...server, lines };
}

/** Sends raw bytes and resolves with everything that came back until the end. */
async function raw(server: WebServer, bytes: string): Promise<string> {
  const socket = connect(server.port, "127.0.0.1");
  sockets.push(socket);
  let answer = "";
  socket.on("data", (chunk: Buffer) => {
    answer += chunk.toString();
  });
  // A server that gives up on a client may reset the connection.
  socket.on("error", () => undefined);
  socket.write(bytes);
  await once(socket, "close");
  return answer;
}

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

describe("listening", () => {
  test("a port in use is one sentence that names the address and the flag", async () => {
    const { port } = await serve();
    await expect(serve({ listen: { host: "127.0.0.1", port } })).rejects.toMatchObject({
      name: "ListenError",
      code: "EADDRINUSE",
      message: `cannot listen on 127.0.0.1:${port}: another process already listens there; choose another address with --exporter.listen-address`,
    });
  });

  test("an address of another machine is one sentence too", async () => {
    await expect(serve({ name: "remediator", listen: { host: "192.0.2.1", port: 1 } })).rejects.toMatchObject({
      code: "EADDRNOTAVAIL",
      message:
        "cannot listen on 192.0.2.1:1: this machine does not have that address; choose another address with --remediator.listen-address",
    });
  });

  test("an IPv6 address is written in brackets", async () => {
    const probe = createServer();
    const has6 = await new Promise((resolve) => {
      probe.once("error", () => resolve(false)).listen(0, "::1", () => probe.close(() => resolve(true)));
    });
    const server = serve({ listen: { host: "::1", port: 0 } });
    if (has6) {
      const { url, port } = await server;
      expect(url).toBe(`http://[::1]:${port}/`);
      expect((await fetch(`${url}-/healthy`)).status).toBe(200);
    } else {
      await expect(server).rejects.toThrow(/^cannot listen on \[::1\]:0: /);
    }
  });
});

describe("slow and broken clients", () => {
  const impatient = { headersMs: 200, requestMs: 400, checkMs: 50 };

  test("one that never finishes its headers is answered 408 and dropped", async () => {
    const server = await serve({ timeouts: impatient });
    expect(await raw(server, "GET /metrics HTTP/1.1\r\nHost: a\r\nX-Slow:")).toMatch(/^HTTP\/1\.1 408 /);
  });

  test("one that never finishes its body is dropped", async () => {
    const server = await serve({
      timeouts: impatient,
      routes: (app) => app.post("/echo", (_request, response) => response.json({})),
    });
    const head = "POST /echo HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer secret\r\n";
    const answer = await raw(server, `${head}Content-Type: application/json\r\nContent-Length: 50\r\n\r\n{`);
    expect(answer).toMatch(/^(HTTP\/1\.1 4|$)/);
  });

  test("one that does not read its answer is dropped", async () => {
    const events = new EventEmitter();
    const dropped = once(events, "dropped");
    const server = await serve({
      timeouts: { inactivityMs: 200 },
      routes: (app) =>
        app.get("/big", (_request, response) => {
          response.on("close", () => events.emit("dropped"));
          response.end("x".repeat(32 * 1024 * 1024));
        }),
    });
    const socket = connect(server.port, "127.0.0.1");
    sockets.push(socket);
    socket.on("error", () => undefined);
    socket.pause();
    socket.write("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
    await dropped;
    expect(socket.bytesRead).toBeLessThan(32 * 1024 * 1024);
  });

  test("headers beyond 16 KiB are refused", async () => {
    const server = await serve();
    const answer = await raw(server, `GET / HTTP/1.1\r\nHost: a\r\nX-Big: ${"x".repeat(20_000)}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
  });

  test("noise is refused", async () => {
    expect(await raw(await serve(), "\u0016\u0003\u0001 not http\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 /);
  });
});

describe("closing", () => {
  test("idle keep-alive connections end at once", async () => {
    const server = await serve();
    await (await fetch(server.url)).text();
    const idle = connect(server.port, "127.0.0.1");
    sockets.push(idle);
    await once(idle, "connect");
    const started = performance.now();
    await server.close();
    expect(performance.now() - started).toBeLessThan(1500);
  });

  test("a request under way gets its answer, and the connection then ends", async () => {
    let answer = (): void => undefined;
    const events = new EventEmitter();
    const asked = once(events, "asked");
    const server = await serve({
      metrics: () =>
        new Promise((resolve) => {
          answer = () => resolve({ contentType: "text/plain", body: Buffer.from("late\n") });
          events.emit("asked");
        }),
    });
    const response = fetch(`${server.url}metrics`);
    await asked;
    const started = performance.now();
    const closed = server.close();
    answer();
    expect(await (await response).text()).toBe("late\n");
    await closed;
    expect(performance.now() - started).toBeLessThan(1500);
  });

  test("a request that never ends does not hold it beyond its bound", async () => {
    const events = new EventEmitter();
    const asked = once(events, "asked");
    const server = await serve({
      timeouts: { closeMs: 100 },
      metrics: () => {
        events.emit("asked");
        return new Promise(() => undefined);
      },
    });
    const hanging = request(`${server.url}metrics`);
    const failed = once(hanging, "error");
    hanging.end();
    await asked;
    await server.close();
    const [error] = await failed;
    expect(error).toMatchObject({ code: "ECONNRESET" });
  });

  test("closing twice is closing once", async () => {
    const server = await serve();
    await Promise.all([server.close(), server.close()]);
    await server.close();
  });
});
