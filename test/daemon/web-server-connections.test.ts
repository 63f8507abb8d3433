import { EventEmitter, once } from "node:events";
import { request } from "node:http";
import { createServer } from "node:net";
import { describe, expect, test } from "vitest";
import { connectTo, raw, serve } from "./serve.ts";

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
    const socket = connectTo(server);
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
    const idle = connectTo(server);
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
