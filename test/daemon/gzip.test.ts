import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { gzipOf, wantsGzip } from "../../daemon/gzip.ts";
import { raw, serve } from "./serve.ts";

test.each<[accepts: string | undefined, boolean]>([
  [undefined, false],
  ["", false],
  ["gzip", true],
  ["gzip, deflate, br", true],
  ["GZip;Q=0.5", true],
  ["deflate, gzip;q=1.0, *;q=0.5", true],
  ["x-gzip", true],
  ["*", true],
  ["*;q=0.1", true],
  ["identity", false],
  ["gzip;q=0", false],
  ["gzip;q=0.0, *", false],
  ["*;q=0", false],
  ["gzipped", false],
  ["br;q=1, gzip ; q=0.2", true],
  [";,;q=", false],
])("Accept-Encoding %j asks for gzip: %s", (header, wanted) => {
  expect(wantsGzip(header)).toBe(wanted);
});

test("a body is compressed once, however many ask for it", async () => {
  const body = Buffer.from("a 1\n".repeat(1000));
  const [first, second] = await Promise.all([gzipOf(body), gzipOf(body)]);
  expect(second).toBe(first);
  expect(gunzipSync(first)).toEqual(body);
});

describe("a scrape", () => {
  const text = `# HELP a A.\n${"a 1\n".repeat(1000)}`;
  const metrics = () =>
    Promise.resolve({ contentType: "text/plain; version=0.0.4; charset=utf-8", body: Buffer.from(text) });

  test("is compressed for those who ask for it, and says so", async () => {
    const server = await serve({ metrics });
    const response = await fetch(`${server.url}metrics`, { headers: { "Accept-Encoding": "gzip" } });
    expect(response.headers.get("content-encoding")).toBe("gzip");
    expect(response.headers.get("vary")).toBe("Accept, Accept-Encoding");
    expect(Number(response.headers.get("content-length"))).toBeLessThan(text.length / 10);
    expect(await response.text()).toBe(text);
  });

  test("is plain for those who do not, and varies all the same", async () => {
    const server = await serve({ metrics });
    const answer = await raw(server, "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    expect(answer).toMatch(/^Vary: Accept, Accept-Encoding\r$/m);
    expect(answer).not.toMatch(/content-encoding/i);
    expect(answer.endsWith(text)).toBe(true);
  });

  test("of HEAD has the head of the compressed answer and no body", async () => {
    const server = await serve({ metrics });
    const answer = await raw(
      server,
      "HEAD /metrics HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n",
    );
    expect(answer).toMatch(/^Content-Encoding: gzip\r$/m);
    expect(answer.endsWith("\r\n\r\n")).toBe(true);
  });

  test("that fits into a packet is not compressed", async () => {
    const { url } = await serve();
    const response = await fetch(`${url}metrics`, { headers: { "Accept-Encoding": "gzip" } });
    expect(response.headers.get("content-encoding")).toBeNull();
  });

  test("that fails is refused as plain JSON", async () => {
    const { url } = await serve({ metrics: () => Promise.reject(new Error("no")) });
    const response = await fetch(`${url}metrics`, { headers: { "Accept-Encoding": "gzip" } });
    expect([response.status, response.headers.get("content-encoding")]).toEqual([500, null]);
    expect(await response.json()).toMatchObject({ code: "internal" });
  });
});
