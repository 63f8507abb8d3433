import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startAlertmanager } from "../support/alertmanager.ts";
import { eventsOf } from "../support/events.ts";
import { eventually } from "../support/eventually.ts";
import {
  createSite,
  LEAKY,
  type Pitcrew,
  PROJECT,
  readJournalLines,
  runCommand,
  type Site,
  startPitcrew,
  TOKEN,
} from "../support/pitcrew.ts";
import { startPrometheus } from "../support/prometheus.ts";

function worker(site: Omit<Site, "configFile">, name: string, untilMib: number): string {
  return `  - name: ${name}
    command: [python3, ${LEAKY}, --events, ${site.events(name)}, --leak-mib-per-second, '15', --until-mib, '${untilMib}', --crossing-mib, '80']
    stop: {drain: 0s, grace: 2s}
    cooldown: 0s
    limits: {memory: 80MiB}`;
}

describe("the whole loop, with a real Prometheus and a real Alertmanager", () => {
  test("of two leaking workers the one over its limit is replaced within 5 s, once per incarnation, and all records agree", {
    timeout: 120_000,
  }, async () => {
    const site = createSite({
      // As long as by default: an alert that flaps within Alertmanager's group_interval is only seen while its incident is open.
      remediator: "  guard: {when: never}",
      verify: "60s",
      workers: (own) => `${worker(own, "leaky", 200)}\n${worker(own, "modest", 40)}`,
    });
    const pitcrew = await startPitcrew(site);
    const alertmanager = await startAlertmanager({ config: alertmanagerConfig(pitcrew.remediatorUrl) });
    await startPrometheus({
      config: prometheusConfig(pitcrew, alertmanager.url),
      files: ruleFiles(),
    });
    const starts = () => eventsOf(site.events("leaky"), "start");
    await eventually(() => starts().length >= 3, { what: "two renewals", within: 60_000 });

    const crossed = eventsOf(site.events("leaky"), "crossed");
    const [first, second, third] = starts();
    if (first === undefined || second === undefined || third === undefined) throw new Error("three starts were seen");
    for (const [index, next] of [second, third].entries()) {
      const crossing = crossed[index];
      expect(crossing).toBeDefined();
      expect(next.at - (crossing?.at ?? 0)).toBeLessThan(5);
    }
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

  test("the first heartbeat makes the guard step back to its always-on rules", { timeout: 60_000 }, async () => {
    const site = createSite({
      remediator: "  guard: {when: pipeline_down, interval: 500ms}",
      workers: (own) => worker(own, "modest", 40),
    });
    const pitcrew = await startPitcrew(site);
    expect((await pitcrew.status()).remediator?.guard).toBe("all_rules");
    const alertmanager = await startAlertmanager({ config: alertmanagerConfig(pitcrew.remediatorUrl) });
    await startPrometheus({
      config: prometheusConfig(pitcrew, alertmanager.url),
      files: ruleFiles(),
    });
    await eventually(async () => (await pitcrew.status()).remediator?.guard === "always_rules", {
      what: "the guard to step back",
      within: 30_000,
    });
    expect(await pitcrew.metrics()).toMatch(
      /^pitcrew_remediator_heartbeat_timestamp_seconds\{host="test-host"\} [0-9.]+$/m,
    );
    expect(await pitcrew.metrics()).toMatch(/^pitcrew_remediator_guard_active\{host="test-host"\} 0$/m);
  });
});

/** The packaged file, with this test's addresses. */
function alertmanagerConfig(remediatorUrl: string): string {
  const text = readFileSync(join(PROJECT, "alerts", "alertmanager.yml"), "utf8");
  return replaced(
    replaced(text, "http://127.0.0.1:10102/", remediatorUrl),
    "credentials_file: /etc/pitcrew/webhook.token",
    `credentials: ${TOKEN}`,
  );
}

function prometheusConfig(pitcrew: Pitcrew, alertmanagerUrl: string): string {
  const text = readFileSync(join(PROJECT, "alerts", "prometheus.yml"), "utf8");
  const exporter = replaced(text, "127.0.0.1:10101", new URL(pitcrew.exporterUrl).host);
  const remediator = replaced(exporter, "127.0.0.1:10102", new URL(pitcrew.remediatorUrl).host);
  return replaced(remediator, "127.0.0.1:9093", new URL(alertmanagerUrl).host)
    .replaceAll(/(scrape_interval|evaluation_interval): [0-9]+s/g, "$1: 1s")
    .replaceAll(/scrape_timeout: [0-9]+s/g, "scrape_timeout: 1s");
}

function ruleFiles(): Record<string, string> {
  const folder = join(PROJECT, "alerts");
  const names = readdirSync(folder).filter((name) => name.endsWith(".rules.yml"));
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}

function replaced(text: string, what: string, by: string): string {
  if (!text.includes(what)) throw new Error(`the packaged file does not hold ${what}`);
  return text.replaceAll(what, by);
}
