// What Alertmanager, its twin and its enemies send.
import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { createSite, payload, startPitcrew } from "../support/pitcrew.ts";
import { alert, count, fat, isFat, isUp, leaky, living, metric, post, QUIET, resolved, started } from "./scene.ts";

describe("a notification", () => {
  test("case 3: of a mixed batch each alert counts by itself: the firing one is acted on, the resolved one is not", async () => {
    const site = createSite({
      remediator: QUIET,
      workers: (own) => `${fat(own, "firing")}\n${fat(own, "resolved")}`,
    });
    const pitcrew = await startPitcrew(site);
    await isFat(pitcrew, "firing");
    await isFat(pitcrew, "resolved");
    expect(await pitcrew.webhook([resolved("resolved"), alert("firing")])).toBe(202);
    await started(site, "firing", 2);
    expect(count(site, "resolved", "start")).toBe(1);
    expect(await pitcrew.incidents("resolved")).toHaveLength(1);
  });

  test("case 4: that is not true, not true any more, or of a rule that nobody knows, does nothing and says which", async () => {
    const site = createSite({
      remediator: QUIET,
      workers: (own) => `${leaky(own, "fit", { keys: ["limits: {memory: 500MiB}"] })}\n${fat(own, "gone")}`,
    });
    const pitcrew = await startPitcrew(site);
    const pid = await isUp(pitcrew, "fit");
    await isFat(pitcrew, "gone");
    // Its limit is raised after the alert began to fire: what was true is so no more.
    writeFileSync(site.configFile, readFileSync(site.configFile, "utf8").replace("50MiB", "900MiB"));
    pitcrew.child.kill("SIGHUP");
    await eventually(async () => (await pitcrew.worker("gone")).memory_limit_bytes === 900 * 2 ** 20, {
      what: "the new limit",
    });
    expect(await pitcrew.webhook([alert("gone")])).toBe(202);
    const stale = await eventually(
      async () => (await pitcrew.incidents("gone")).find(({ alertname, open }) => alertname !== null && !open),
      { what: "the verdict on what is over" },
    );
    expect(stale).toMatchObject({ state: "cancelled", suppressed: "not_reproduced" });
    expect(await pitcrew.webhook([alert("fit"), alert("fit", { alertname: "NoSuchRule" })])).toBe(202);
    const verdict = await eventually(
      async () => (await pitcrew.incidents("fit")).find(({ alertname, open }) => alertname !== null && !open),
      { what: "the verdict" },
    );
    expect(verdict).toMatchObject({ state: "cancelled", suppressed: "not_reproduced" });
    expect(await metric(pitcrew, 'pitcrew_remediator_suppressed_total{host="test-host",reason="unknown_rule"}')).toBe(
      1,
    );
    expect(await metric(pitcrew, 'pitcrew_remediator_suppressed_total{host="test-host",reason="not_reproduced"}')).toBe(
      2,
    );
    expect((await pitcrew.worker("fit")).pid).toBe(pid);
    expect(count(site, "fit", "term") + count(site, "gone", "term")).toBe(0);
  });

  test("case 6: that resolves in the middle of SIGTERM changes nothing: the worker is ended, and started again, once", async () => {
    const site = createSite({
      remediator: QUIET,
      workers: (own) =>
        leaky(own, "slow", { args: "--hold-mib 60 --term-seconds 1", keys: ["limits: {memory: 50MiB}"] }),
    });
    const pitcrew = await startPitcrew(site);
    await isFat(pitcrew, "slow");
    await pitcrew.webhook([alert("slow")]);
    await eventually(() => count(site, "slow", "term") === 1, { what: "SIGTERM" });
    expect(living(site, "slow")).toHaveLength(1);
    expect(await pitcrew.webhook([resolved("slow")])).toBe(200);
    await started(site, "slow", 2);
    expect(count(site, "slow", "term")).toBe(1);
    expect(living(site, "slow")).toHaveLength(1);
  });

  test("case 8: that is malformed, of 50 MB, deeply nested or cut off is refused or taken with a word, and pitcrew is as before", async () => {
    const site = createSite({ remediator: QUIET, workers: (own) => fat(own, "fat") });
    const pitcrew = await startPitcrew(site);
    await isFat(pitcrew, "fat");
    const nested = `{"version":"4","alerts":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
    const deep = `{"version":"4","alerts":[{"status":"firing","labels":${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}}]}`;
    for (const text of ["", "{", "null", "[]", '{"version":"3","alerts":[]}', '{"version":"4"}', "\0", nested, deep])
      expect({ text: text.slice(0, 40), ...(await post(pitcrew, text)) }).toMatchObject({
        code: 400,
        body: { code: "malformed" },
      });
    expect(
      (await post(pitcrew, `{"version":"4","x":"${"y".repeat(50_000_000)}"}`).catch(() => ({ code: 413 }))).code,
    ).toBe(413);
    expect((await post(pitcrew, "version=4", { "Content-Type": "text/plain" })).code).toBe(415);
    expect(count(site, "fat", "term")).toBe(0);
    const cutOff = payload([alert("fat")]).replace('"truncatedAlerts":0', '"truncatedAlerts":7');
    expect((await post(pitcrew, cutOff)).code).toBe(202);
    await started(site, "fat", 2);
    expect(pitcrew.log()).toContain("Alertmanager cut alerts off");
  });

  test("case 9: with hostile labels selects a worker or nobody, and is inert in the log, the history and the metrics", async () => {
    const site = createSite({ remediator: QUIET, workers: (own) => leaky(own, "w") });
    const pitcrew = await startPitcrew(site);
    await isUp(pitcrew, "w");
    const hostile = [
      "../../etc/passwd",
      "$(touch /tmp/x)",
      "w\nlevel=error msg=forged",
      '"}\n# EOF',
      "\u0000",
      "__proto__",
      "w; rm -rf",
      "x".repeat(100_000),
    ];
    for (const worker of hostile) {
      const labels = { [`l${hostile.indexOf(worker)}`]: worker, alertname: worker };
      expect((await post(pitcrew, payload([alert(worker), alert("w", labels)]))).code).toBe(200);
    }
    const metrics = await pitcrew.metrics();
    expect(metrics).not.toMatch(/passwd|touch|forged|rm -rf/);
    for (const line of pitcrew.log().trim().split("\n")) expect(line.length).toBeLessThan(10_000);
    expect(
      pitcrew
        .log()
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as { msg: string }).msg),
    ).not.toContain("forged");
    expect((await pitcrew.worker("w")).restarts).toEqual({});
  });

  test("case 10: for an unknown worker, another host, or without a host is understood, counted and does nothing", async () => {
    const site = createSite({ remediator: QUIET, workers: (own) => fat(own, "fat") });
    const pitcrew = await startPitcrew(site);
    await isFat(pitcrew, "fat");
    const others = [alert("nobody"), alert("fat", { host: "other" }), alert("fat", { host: "" })];
    expect(await pitcrew.webhook(others)).toBe(200);
    for (const reason of ["unknown_worker", "other_host", "no_host"])
      expect(await metric(pitcrew, `pitcrew_remediator_suppressed_total{host="test-host",reason="${reason}"}`)).toBe(1);
    expect((await pitcrew.incidents()).filter(({ alertname }) => alertname !== null)).toEqual([]);
    expect(count(site, "fat", "term")).toBe(0);
  });
});
