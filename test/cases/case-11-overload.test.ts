// Too much at once, and too slowly: memory stays bounded, what is not taken is told so, and pitcrew goes on with its work.
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { createSite, type Pitcrew, payload, startPitcrew, TOKEN } from "../support/pitcrew.ts";
import { alert, count, fat, GUARD, isUp, leaky, metric, post, started } from "./scene.ts";

const MIB = 2 ** 20;

function residentBytes({ child }: Pitcrew): number {
  const line = /^VmRSS:\s+([0-9]+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"));
  return Number(line?.[1]) * 1024;
}

/** Begins to send a body of this length, and goes on for ever. `answer` is what has come back so far. */
function slow(pitcrew: Pitcrew, bytes: number, authorization: string, request = "POST /api/v1/webhook") {
  const { hostname, port } = new URL(pitcrew.remediatorUrl);
  let text = "";
  const socket: Socket = connect(Number(port), hostname, () => {
    socket.write(
      `${request} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: ${authorization}\r\nContent-Length: ${bytes}\r\n\r\n{`,
    );
  });
  socket.on("data", (chunk) => {
    text += chunk.toString("latin1");
  });
  socket.on("error", () => undefined);
  onTestFinished(() => void socket.destroy());
  return { answer: () => text, hangUp: () => socket.destroy() };
}

describe("case 11: pitcrew", () => {
  test("case 11: that gets thousands of alerts takes or refuses each notification aloud, counts them all, and stays small", {
    timeout: 240_000,
  }, async () => {
    const site = createSite({
      remediator: GUARD,
      workers: (own) => `${leaky(own, "calm")}\n${fat(own, "fat", ["start_interval: 0s"])}`,
    });
    const pitcrew = await startPitcrew(site);
    await isUp(pitcrew, "calm");
    const before = residentBytes(pitcrew);
    const codes = new Map<number, number>();
    // Five seconds' worth of a thousand alerts a second, as fast as they go.
    for (let round = 0; round < 10; round += 1)
      await Promise.all(
        Array.from({ length: 10 }, async (_, index) => {
          const alerts = Array.from({ length: 50 }, (_, at) =>
            alert(at % 2 === 0 ? "calm" : `nobody-${round}-${index}-${at}`),
          );
          const { code } = await post(pitcrew, payload(alerts));
          codes.set(code, (codes.get(code) ?? 0) + 1);
        }),
      );
    expect([...codes.keys()].filter((code) => code !== 202 && code !== 503)).toEqual([]);
    const of = async (result: string) =>
      (await metric(pitcrew, `pitcrew_remediator_notifications_total{host="test-host",result="${result}"}`)) ?? 0;
    expect(await of("accepted")).toBe(codes.get(202) ?? 0);
    expect(await of("unavailable")).toBe(codes.get(503) ?? 0);
    expect(residentBytes(pitcrew) - before).toBeLessThan(150 * MIB);
    // It has not forgotten what it is for.
    await started(site, "fat", 2);
    expect(count(site, "calm", "term")).toBe(0);
  });

  test("case 11: that is sent large bodies slowly by many tells those that are too many to come again, and answers everybody else", {
    timeout: 240_000,
  }, async () => {
    const site = createSite({ remediator: GUARD, workers: (own) => leaky(own, "calm") });
    const pitcrew = await startPitcrew(site);
    await isUp(pitcrew, "calm");
    const before = residentBytes(pitcrew);
    const strangers = Array.from({ length: 200 }, () => slow(pitcrew, 8 * MIB, "Bearer wrong"));
    // A question has no body: it takes no room from those who must send one.
    const asking = Array.from({ length: 40 }, () => slow(pitcrew, 8 * MIB, "none", "GET /api/v1/status"));
    await eventually(() => asking.every(({ answer }) => answer().startsWith("HTTP/1.1 200")), {
      what: "questions to be answered",
    });
    const known = Array.from({ length: 40 }, () => slow(pitcrew, 8 * MIB, `Bearer ${TOKEN}`));
    await eventually(() => strangers.every(({ answer }) => answer().startsWith("HTTP/1.1 401")), {
      what: "strangers to be sent away before anything is read",
    });
    await eventually(() => known.filter(({ answer }) => answer().startsWith("HTTP/1.1 503")).length === 32, {
      what: "those that are too many to be told",
    });
    expect(known.find(({ answer }) => answer() !== "")?.answer()).toMatch(/Retry-After: 1[\s\S]*"code":"overloaded"/);
    expect(await metric(pitcrew, 'pitcrew_remediator_notifications_total{host="test-host",result="unavailable"}')).toBe(
      32,
    );
    expect((await fetch(`${pitcrew.remediatorUrl}-/healthy`)).status).toBe(200);
    expect(residentBytes(pitcrew) - before).toBeLessThan(100 * MIB);
    // Who hangs up, or is hung up on when the time of a request is over (test/daemon/web-server-connections.test.ts), makes room.
    for (const one of known) one.hangUp();
    await eventually(async () => (await post(pitcrew, payload([alert("nobody")]))).code === 200, {
      what: "room again",
    });
  });
});
