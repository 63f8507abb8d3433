import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { createSite, PROJECT, type Site, startPitcrew } from "../support/pitcrew.ts";

const REPLAY = join(PROJECT, "demo", "replay_worker.py");

function replaySite(more: string): Site {
  return createSite({
    remediator: "  guard: {when: always, interval: 200ms}",
    workers: () => `  - name: replay
    command: [python3, -B, ${REPLAY}, --mib-per-second, '40', --at-most-mib, '90'${more}]
    limits: {memory: 400MiB, memory_relief: 60MiB}
    stop: {drain: 0s, grace: 5s}`,
  });
}

function lastRelief(site: Site): { request: string; freed_bytes: number } | null {
  const text = readFileSync(join(site.runDirectory, "workers", "replay", "brake"), "utf8");
  return (JSON.parse(text) as { last_relief: { request: string; freed_bytes: number } | null }).last_relief;
}

test("a worker whose leak is a replay buffer clears it when asked, and needs no restart", async () => {
  const site = replaySite("");
  const pitcrew = await startPitcrew(site);
  const { pid } = await eventually(
    async () => {
      const worker = await pitcrew.worker("replay");
      return worker.state === "up" && worker;
    },
    { what: "the worker to be up" },
  );
  const relieved = await eventually(
    async () =>
      (await pitcrew.incidents("replay")).find(
        ({ reason, state }) => reason === "memory_relief" && state === "resolved",
      ),
    { what: "an incident that a relief resolved", within: 60_000 },
  );
  expect(relieved.story.at(-1)).toMatchObject({ action: "relieve", outcome: "done" });
  await eventually(() => lastRelief(site)?.request === relieved.id, { what: "what came of it to be written down" });
  expect(lastRelief(site)?.freed_bytes).toBeGreaterThan(0);
  const worker = await pitcrew.worker("replay");
  expect({ pid: worker.pid, restarts: worker.restarts }).toEqual({ pid, restarts: {} });
  expect(await pitcrew.metrics()).toContain('action="relieve",outcome="done"');
});

test("a relief that frees too little is recorded as ineffective and never climbs to a restart", async () => {
  const site = replaySite(", --deaf");
  const pitcrew = await startPitcrew(site);
  const tried = await eventually(
    async () =>
      (await pitcrew.incidents("replay")).find(
        ({ reason, state }) => reason === "memory_relief" && state === "escalated",
      ),
    { what: "an incident that a relief did not resolve", within: 70_000 },
  );
  expect(tried.story.at(-1)).toMatchObject({ action: "relieve", outcome: "ineffective" });
  expect((await pitcrew.worker("replay")).restarts).toEqual({});
  const done = (await pitcrew.incidents("replay")).flatMap(({ story }) => story.map(({ action }) => action));
  expect(done.filter((action) => action === "terminate" || action === "kill")).toEqual([]);
});
