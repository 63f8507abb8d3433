import { describe, expect, test } from "vitest";
import { eventsOf, readEvents } from "../support/events.ts";
import { eventually } from "../support/eventually.ts";
import {
  createSite,
  isRunning,
  LEAKY,
  readJournalLines,
  runCommand,
  type Site,
  startPitcrew,
} from "../support/pitcrew.ts";

const GUARD = "  guard: {when: always, interval: 200ms}";

function worker(site: Omit<Site, "configFile">, name: string, args: string, keys = ""): string {
  return `  - name: ${name}
    command: [python3, ${LEAKY}, --events, ${site.events(name)}, ${args}]
    stop: {drain: 0s, grace: 1s}
    cooldown: 0s
${keys}`;
}

describe("without Prometheus, by the guard", () => {
  test("the worker over its limit is replaced, the other one is not touched", async () => {
    const site = createSite({
      remediator: GUARD,
      workers: (own) =>
        `${worker(own, "leaky", "--leak-mib-per-second, '40', --until-mib, '80'", "    limits: {memory: 60MiB}")}
${worker(own, "calm", "--hold-mib, '5'", "    limits: {memory: 60MiB}")}`,
    });
    const pitcrew = await startPitcrew(site);
    const calm = await eventually(() => eventsOf(site.events("calm"), "start")[0], { what: "calm to start" });
    await eventually(() => eventsOf(site.events("leaky"), "start").length >= 3, {
      what: "two renewals of leaky",
      within: 60_000,
    });

    expect((await pitcrew.worker("calm")).pid).toBe(calm.pid);
    expect(eventsOf(site.events("calm"), "term")).toEqual([]);
    // Each incarnation was asked to end once, and the next one came after its end.
    const events = readEvents(site.events("leaky")).filter(({ what }) => what !== "crossed");
    const told = events.slice(0, 5).map(({ what }) => what);
    expect(told).toEqual(["start", "term", "end", "start", "term"]);
    const [first] = (await pitcrew.incidents("leaky")).filter(({ reason }) => reason === "memory_limit");
    expect(first?.story.some(({ text }) => text.includes("against 60.0 MiB"))).toBe(true);
  });

  test("a worker that ignores SIGTERM is killed after its grace, and its whole tree is gone before the next starts", async () => {
    const site = createSite({
      remediator: GUARD,
      workers: (own) =>
        worker(
          own,
          "deaf",
          "--ignore-term, --readers, '2', --leak-mib-per-second, '40', --until-mib, '80'",
          "    limits: {memory: 60MiB, measure: rss}",
        ),
    });
    await startPitcrew(site);
    await eventually(() => eventsOf(site.events("deaf"), "start").length >= 2, { what: "the renewal", within: 60_000 });
    const events = readEvents(site.events("deaf"));
    const second = events.findIndex(({ what }, index) => what === "start" && index > 0);
    for (const { pid } of events.slice(0, second)) expect(isRunning(pid)).toBe(false);
    const { stdout } = await runCommand(["history", "--config.file", site.configFile, "--worker", "deaf"]);
    expect(stdout).toMatch(/SIGTERM to pid [0-9]+: memory_limit/);
    expect(stdout).toContain("SIGKILL to its whole tree: it did not end within its grace");
  });

  test("a tree that shares memory below its limit is left alone although its summed RSS is far above", async () => {
    const site = createSite({
      remediator: GUARD,
      workers: (own) => worker(own, "sharing", "--hold-mib, '60', --readers, '8'", "    limits: {memory: 140MiB}"),
    });
    const pitcrew = await startPitcrew(site);
    await eventually(() => eventsOf(site.events("sharing"), "reader").length === 8, { what: "eight readers" });
    // Enough looks of the guard for a wrong measure to have done its work.
    const seen = await eventually(
      async () => {
        const text = await (await fetch(`${pitcrew.exporterUrl}metrics`)).text();
        const rss = Number(/^pitcrew_worker_resident_memory_bytes\{[^}]*\} ([0-9.e+]+)$/m.exec(text)?.[1]);
        const memory = Number(/^pitcrew_worker_memory_bytes\{[^}]*\} ([0-9.e+]+)$/m.exec(text)?.[1]);
        return rss > 300 * 2 ** 20 && memory > 0 ? { rss, memory } : undefined;
      },
      { what: "the readers to have read" },
    );
    expect(seen.memory).toBeLessThan(140 * 2 ** 20);
    expect(
      await pitcrew.webhook([
        {
          labels: {
            alertname: "PitcrewWorkerMemoryOverLimit",
            host: "test-host",
            worker: "sharing",
            remediation: "restart",
            reason: "memory_limit",
          },
        },
      ]),
    ).toBe(202);
    const incident = await eventually(
      async () => (await pitcrew.incidents("sharing")).find(({ suppressed }) => suppressed === "not_reproduced"),
      { what: "the alert to be refused" },
    );
    expect(incident.state).toBe("cancelled");
    expect(eventsOf(site.events("sharing"), "term")).toEqual([]);
    expect(readJournalLines(site).filter(({ entry }) => entry.type === "exit")).toEqual([]);
  });
});
