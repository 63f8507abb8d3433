import { describe, expect, test } from "vitest";
import { eventsOf } from "../support/events.ts";
import { eventually } from "../support/eventually.ts";
import { type AlertLiteral, createSite, LEAKY, readJournalLines, startPitcrew } from "../support/pitcrew.ts";

const NEVER = "  guard: {when: never, interval: 500ms}";

function overLimit(worker: string): AlertLiteral {
  return {
    labels: {
      alertname: "PitcrewWorkerMemoryOverLimit",
      host: "test-host",
      worker,
      remediation: "restart",
      reason: "memory_limit",
    },
  };
}

describe("the webhook", () => {
  test("case 1: a hundred copies of one notification at once are one restart", async () => {
    const site = createSite({
      remediator: NEVER,
      workers: (own) => `  - name: fat
    command: [python3, ${LEAKY}, --events, ${own.events("fat")}, --hold-first-mib, '60']
    stop: {drain: 0s, grace: 2s}
    limits: {memory: 50MiB}`,
    });
    const pitcrew = await startPitcrew(site);
    await eventually(async () => ((await pitcrew.worker("fat")).memory_bytes ?? 0) > 55 * 2 ** 20, {
      what: "the worker to be fat",
    });
    const codes = await Promise.all(Array.from({ length: 100 }, () => pitcrew.webhook([overLimit("fat")])));
    expect(new Set(codes)).toEqual(new Set([202]));
    await eventually(() => eventsOf(site.events("fat"), "start").length === 2, { what: "the renewal" });
    // Copies that arrive when the worker has been replaced are found untrue of the new process; on a busy machine some do.
    const suppressed = (metrics: string) =>
      ["duplicate", "not_reproduced"]
        .map((reason) =>
          new RegExp(`suppressed_total\\{host="test-host",reason="${reason}"\\} ([0-9]+)$`, "m").exec(metrics),
        )
        .reduce((sum, match) => sum + Number(match?.[1]), 0);
    const metrics = await eventually(
      async () => {
        const text = await pitcrew.metrics();
        return suppressed(text) === 99 && (await pitcrew.worker("fat")).restarts.memory_limit === 1 && text;
      },
      { what: "all copies to be judged" },
    );
    expect(eventsOf(site.events("fat"), "term")).toHaveLength(1);
    expect(metrics).toMatch(
      /pitcrew_worker_restarts_total\{host="test-host",worker="fat",group="fat",reason="memory_limit"\} 1$/m,
    );
    expect(metrics).toMatch(/pitcrew_remediator_notifications_total\{host="test-host",result="accepted"\} 100$/m);
    const starts = readJournalLines(site).filter(({ entry }) => entry.type === "start");
    expect(starts).toHaveLength(1);
  });

  test("a forged alert for a worker under its limit does nothing and says so", async () => {
    const site = createSite({
      remediator: NEVER,
      workers: (own) => `  - name: fit
    command: [python3, ${LEAKY}, --events, ${own.events("fit")}]
    limits: {memory: 500MiB}`,
    });
    const pitcrew = await startPitcrew(site);
    await eventually(async () => (await pitcrew.worker("fit")).state === "up", { what: "the worker to be up" });
    expect(await pitcrew.webhook([overLimit("fit")])).toBe(202);
    const incident = await eventually(
      async () => (await pitcrew.incidents("fit")).find(({ reason, open }) => reason === "memory_limit" && !open),
      {
        what: "the verdict",
      },
    );
    expect(incident).toMatchObject({ state: "cancelled", suppressed: "not_reproduced" });
    expect(await pitcrew.metrics()).toMatch(/suppressed_total\{host="test-host",reason="not_reproduced"\} 1$/m);
    expect(eventsOf(site.events("fit"), "term")).toEqual([]);
  });

  test("alerts for nobody of ours are understood, counted and in the history; hostile labels are inert", async () => {
    const site = createSite({
      remediator: NEVER,
      workers: (own) => `  - name: fit
    command: [python3, ${LEAKY}, --events, ${own.events("fit")}]`,
    });
    const pitcrew = await startPitcrew(site);
    const { host: _host, ...hostless } = overLimit("fit").labels;
    const strange = [
      overLimit("nobody"),
      { labels: { ...overLimit("fit").labels, host: "elsewhere" } },
      { labels: hostless },
      { labels: { ...overLimit("fit").labels, alertname: "NoSuchRule" } },
      ...["$(touch /tmp/pitcrew-was-here)", "../../etc/passwd", "a\nb", "a\u0000b", "LD_PRELOAD=/x.so", "{index}"].map(
        (name) => overLimit(name),
      ),
    ];
    expect(await pitcrew.webhook(strange)).toBe(200);
    const { refused } = (await (await fetch(`${pitcrew.remediatorUrl}api/v1/incidents`)).json()) as {
      refused: { reason: string }[];
    };
    expect(refused.map(({ reason }) => reason)).toEqual([
      "unknown_worker",
      "other_host",
      "no_host",
      "unknown_rule",
      ...Array<string>(6).fill("unknown_worker"),
    ]);
    expect(await pitcrew.webhook([overLimit("fit")], "wrong")).toBe(401);
    const bad = (body: string, type = "application/json") =>
      fetch(`${pitcrew.remediatorUrl}api/v1/webhook`, {
        method: "POST",
        body,
        headers: { "Content-Type": type, Authorization: "Bearer a-token-of-the-tests" },
      });
    for (const [answer, status, code] of [
      [await bad("{"), 400, "malformed"],
      [await bad('{"version":"3","alerts":[]}'), 400, "malformed"],
      [await bad("{}", "text/plain"), 415, "unsupported_media_type"],
      [await bad(JSON.stringify({ padding: "x".repeat(9 * 2 ** 20) })), 413, "too_large"],
    ] as const) {
      expect(answer.status).toBe(status);
      expect(await answer.json()).toMatchObject({ code, message: expect.any(String) });
    }
    expect((await pitcrew.worker("fit")).state).toBe("up");
    expect(await pitcrew.metrics()).toMatch(/notifications_total\{host="test-host",result="unauthorized"\} 1$/m);
  });
});
