import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { connectTo, serve } from "./serve.ts";

/** Scrapes that are answered when the test says so. */
function createGate() {
  const waiting: (() => void)[] = [];
  return {
    waiting,
    metrics: async () => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      return { contentType: "text/plain", body: Buffer.from("a 1\n") };
    },
    openAll: () => {
      for (const open of waiting.splice(0)) open();
    },
  };
}

describe("concurrent scrapes", () => {
  test("beyond the limit are refused at once with 503, and let in again when one is answered", async () => {
    const { metrics, waiting, openAll } = createGate();
    const { url } = await serve({ metrics, maxConcurrentScrapes: 3 });
    const scrapes = Array.from({ length: 3 }, () => fetch(`${url}metrics`));
    await eventually(() => waiting.length === 3, { what: "three scrapes" });
    const refused = await fetch(`${url}metrics`);
    expect(refused.status).toBe(503);
    expect(await refused.json()).toEqual({ code: "overloaded", message: "3 scrapes are being answered already" });
    expect((await fetch(`${url}-/healthy`)).status).toBe(200);
    openAll();
    expect((await Promise.all(scrapes)).map(({ status }) => status)).toEqual([200, 200, 200]);
    const next = fetch(`${url}metrics`);
    await eventually(() => waiting.length === 1, { what: "the next scrape" });
    openAll();
    expect((await next).status).toBe(200);
  });

  test("that failed or were given up free their place", async () => {
    const { metrics, waiting, openAll } = createGate();
    let fails = true;
    const server = await serve({
      metrics: () => (fails ? Promise.reject(new Error("no")) : metrics()),
      maxConcurrentScrapes: 1,
    });
    for (let i = 0; i < 3; i++) expect((await fetch(`${server.url}metrics`)).status).toBe(500);
    fails = false;
    const impatient = connectTo(server);
    impatient.write("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
    await eventually(() => waiting.length === 1, { what: "the scrape" });
    impatient.destroy();
    await once(impatient, "close");
    // By then the server knows that it is alone.
    await eventually(
      async () =>
        (
          await fetch(`${server.url}metrics`, { method: "HEAD", signal: AbortSignal.timeout(200) }).catch(
            () => undefined,
          )
        )?.status !== 503,
      { what: "the place of the one who left" },
    );
    openAll();
  });

  test("whose answer is not read keep their place", async () => {
    const body = Buffer.alloc(32 * 1024 * 1024, "a");
    const server = await serve({
      metrics: () => Promise.resolve({ contentType: "text/plain", body }),
      maxConcurrentScrapes: 1,
    });
    const slow = connectTo(server).pause();
    slow.write("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
    await eventually(async () => (await fetch(`${server.url}metrics`, { method: "HEAD" })).status === 503, {
      what: "the place to be taken",
    });
    slow.destroy();
    await eventually(async () => (await fetch(`${server.url}metrics`, { method: "HEAD" })).status === 200, {
      what: "the place to be free",
    });
  });
});
