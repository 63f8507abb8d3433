// The dashboards in front of the whole loop: workers that leak, brake, age, crash and are renewed.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { createSite, LEAKY, PROJECT, type Site, startPitcrew } from "../support/pitcrew.ts";
import type { Prometheus } from "../support/prometheus.ts";
import { startStack } from "../support/stack.ts";
import { dashboards } from "./dashboards.ts";
import { ALL, type Choice, expectRoom, NOT_EVERYWHERE, questionsOf, SCRAPE_SECONDS, shownSince } from "./shown.ts";

const BRAKING = join(PROJECT, "test", "support", "braking.py");
const REPLAY = join(PROJECT, "demo", "replay_worker.py");

/** Each shows something that the others do not. */
const WORKERS = ["leaky", "old", "braking", "replay", "crashing"];

function site(): Site {
  return createSite({
    remediator: "  guard: {when: pipeline_down, interval: 500ms}",
    workers: (own) => {
      writeFileSync(join(own.directory, "brakes"), "13");
      return `  - name: leaky
    command: [python3, ${LEAKY}, --events, ${own.events("leaky")}, --leak-mib-per-second, '15', --until-mib, '200']
    stop: {drain: 0s, grace: 2s}
    limits: {memory: 60MiB}
  - name: old
    command: [python3, ${LEAKY}, --events, ${own.events("old")}, --leak-mib-per-second, '1', --until-mib, '40']
    stop: {drain: 0s, grace: 2s}
    start_interval: 0s
    limits: {age: 8s, memory: 90MiB}
  - name: braking
    command: [python3, ${BRAKING}, ${join(own.directory, "brakes")}]
    environment: {PYTHONPATH: ${join(PROJECT, "worker", "python")}, PYTHONDONTWRITEBYTECODE: "1"}
  - name: replay
    command: [python3, -B, ${REPLAY}, --mib-per-second, '20', --at-most-mib, '90']
    limits: {memory: 400MiB, memory_relief: 40MiB}
  - name: crashing
    command: [python3, ${LEAKY}, --events, ${own.events("crashing")}, --exit-code, '3']`;
    },
  });
}

test("every panel shows data, and no panel more series than it has room for", { timeout: 300_000 }, async () => {
  const pitcrew = await startPitcrew(site());
  const start = Math.floor(Date.now() / 1000);
  const { prometheus } = await startStack(pitcrew, SCRAPE_SECONDS);
  // Forged: its worker is far below its limit, so it is refused and counted.
  await pitcrew.webhook([
    {
      labels: {
        alertname: "PitcrewWorkerMemoryOverLimit",
        remediation: "restart",
        reason: "memory_limit",
        host: "test-host",
        worker: "replay",
        group: "replay",
      },
    },
  ]);
  for (const dashboard of dashboards()) {
    const choices = dashboard.uid === "pitcrew-worker" ? WORKERS.map(only) : [ALL];
    for (const { name, expr } of questionsOf(dashboard)) {
      if (NOT_EVERYWHERE.includes(name)) continue;
      const isShown = async () => {
        for (const choice of choices) if ((await shownSince(prometheus, start, expr, choice)).length > 0) return true;
        await nextScrape(prometheus);
        return false;
      };
      await eventually(isShown, { what: `something in ${name}`, within: 90_000 });
    }
  }
  await expectRoom(prometheus, start, ["leaky", "braking"].map(only));
});

/** Before it, no answer can be another one. */
async function nextScrape(prometheus: Prometheus): Promise<void> {
  const last = async () => (await prometheus.query('timestamp(up{job="pitcrew-remediator"})'))[0]?.value;
  const before = await last();
  await eventually(async () => (await last()) !== before, { what: "another scrape", within: 60_000 });
}

function only(worker: string): Choice {
  return { host: "test-host", group: ".+", worker };
}
