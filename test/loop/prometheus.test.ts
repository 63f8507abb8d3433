import { describe, expect, test } from "vitest";
import { eventsOf } from "../support/events.ts";
import { eventually } from "../support/eventually.ts";
import { createSite, LEAKY, readJournalLines, runCommand, type Site, startPitcrew } from "../support/pitcrew.ts";
import { startStack } from "../support/stack.ts";

function worker(site: Omit<Site, "configFile">, name: string, untilMib: number): string {
  return `  - name: ${name}
    command: [python3, ${LEAKY}, --events, ${site.events(name)}, --leak-mib-per-second, '15', --until-mib, '${untilMib}', --crossing-mib, '80']
    stop: {drain: 0s, grace: 2s}
    cooldown: 0s
    limits: {memory: 80MiB}`;
}

describe("the whole loop, with a real Prometheus and a real Alertmanager", () => {
  test("of two leaking workers the one over its limit is replaced within 5 s, once per incarnation, and all records agree", async () => {
    const site = createSite({
      // As long as by default: an alert that flaps within Alertmanager's group_interval is only seen while its incident is open.
      remediator: "  guard: {when: never}",
      verify: "60s",
      workers: (own) => `${worker(own, "leaky", 200)}\n${worker(own, "modest", 40)}`,
    });
    const pitcrew = await startPitcrew(site);
    await startStack(pitcrew);
    const starts = () => eventsOf(site.events("leaky"), "start");
    await eventually(() => starts().length >= 3, { what: "two renewals", within: 60_000 });

    const crossed = eventsOf(site.events("leaky"), "crossed");
    const [first, second, third] = starts();
    if (first === undefined || second === undefined || third === undefined) throw new Error("three starts were seen");
    // Of two renewals the quicker one: a busy machine may hold one of them up.
    const took = [second, third].map((next, index) => next.at - (crossed[index]?.at ?? 0));
    expect(Math.min(...took)).toBeLessThan(5);
    // Once per incarnation, and nothing for the other worker.
    for (const { pid } of [first, second])
      expect(eventsOf(site.events("leaky"), "term").filter((event) => event.pid === pid)).toHaveLength(1);
    expect(eventsOf(site.events("modest"), "start")).toHaveLength(1);
    expect(eventsOf(site.events("modest"), "term")).toEqual([]);
    expect((await pitcrew.worker("modest")).pid).toBe(eventsOf(site.events("modest"), "start")[0]?.pid);

    await eventually(async () => ((await pitcrew.worker("leaky")).restarts.memory_limit ?? 0) === starts().length - 1, {
      what: "the last renewal to be recorded",
    });
    // Held still, so that the records are compared about the same moment.
    await pitcrew.kill();
    const journal = readJournalLines(site);
    const restarts = journal.filter(
      ({ entry }) => entry.type === "seen" && entry.worker === "leaky" && entry.reason === "memory_limit",
    ).length;
    expect(restarts).toBe(starts().length - 1);
    const status = JSON.parse((await runCommand(["status", "--json", "--config.file", site.configFile])).stdout) as {
      workers: { worker: string; restarts: Record<string, number> }[];
    };
    expect(status.workers.find((found) => found.worker === "leaky")?.restarts.memory_limit).toBe(restarts);
    const history = JSON.parse(
      (await runCommand(["history", "--json", "--worker", "leaky", "--config.file", site.configFile])).stdout,
    ) as {
      incidents: { reason: string; source: string; story: { action: string | null; outcome: string | null }[] }[];
    };
    const renewed = history.incidents.filter(
      ({ reason, story }) =>
        reason === "memory_limit" && story.some(({ action, outcome }) => action === "start" && outcome === "done"),
    );
    expect(renewed).toHaveLength(restarts);
    expect(new Set(renewed.map(({ source }) => source))).toEqual(new Set(["webhook"]));
    const next = await startPitcrew(site);
    expect(await next.metrics()).toContain(
      `pitcrew_worker_restarts_total{host="test-host",worker="leaky",group="leaky",reason="memory_limit"} ${restarts}\n`,
    );
  });

  test("the first heartbeat makes the guard step back to its always-on rules", async () => {
    const site = createSite({
      remediator: "  guard: {when: pipeline_down, interval: 500ms}",
      workers: (own) => worker(own, "modest", 40),
    });
    const pitcrew = await startPitcrew(site);
    expect((await pitcrew.status()).remediator?.guard).toBe("all_rules");
    await startStack(pitcrew);
    await eventually(async () => (await pitcrew.status()).remediator?.guard === "always_rules", {
      what: "the guard to step back",
      within: 60_000,
    });
    expect(await pitcrew.metrics()).toMatch(
      /^pitcrew_remediator_heartbeat_timestamp_seconds\{host="test-host"\} [0-9.]+$/m,
    );
    expect(await pitcrew.metrics()).toMatch(/^pitcrew_remediator_guard_active\{host="test-host"\} 0$/m);
  });
});
