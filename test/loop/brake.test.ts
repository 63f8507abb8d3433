import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseSeries, seriesKey } from "../daemon/exposition-parser.ts";
import { eventually } from "../support/eventually.ts";
import { createSite, type Pitcrew, PROJECT, startPitcrew } from "../support/pitcrew.ts";

const BRAKING = join(PROJECT, "test", "support", "braking.py");
const LIBRARY = join(PROJECT, "worker", "python");

async function brakesOf(pitcrew: Pitcrew): Promise<{ total: number | undefined; streak: number | undefined }> {
  const text = await (await fetch(new URL("metrics", pitcrew.exporterUrl))).text();
  const series = parseSeries(text);
  const labels = { host: "test-host", worker: "train", group: "train" };
  return {
    total: series.get(seriesKey("pitcrew_worker_brakes_total", labels)),
    streak: series.get(seriesKey("pitcrew_worker_consecutive_brakes", labels)),
  };
}

test("brakes are counted one by one; after the tenth the worker leaves with 42 and is started once, its streak at 0, its total kept", async () => {
  let control = "";
  const site = createSite({
    remediator: "  guard: {when: always, interval: 200ms}",
    workers: (own) => {
      control = join(own.directory, "brakes");
      return `  - name: train
    command: [python3, ${BRAKING}, ${control}]
    environment: {PYTHONPATH: ${LIBRARY}, PYTHONDONTWRITEBYTECODE: "1"}`;
    },
  });
  const brakeUntil = (total: number) => {
    writeFileSync(`${control}.next`, String(total));
    renameSync(`${control}.next`, control);
  };
  const pitcrew = await startPitcrew(site);
  await eventually(async () => (await brakesOf(pitcrew)).total === 0, { what: "the record of a new worker" });
  const { pid } = await pitcrew.worker("train");
  for (let brakes = 1; brakes <= 9; brakes++) {
    brakeUntil(brakes);
    const seen = await eventually(
      async () => {
        const now = await brakesOf(pitcrew);
        return now.total === brakes && now;
      },
      { what: `brake ${brakes}` },
    );
    expect(seen.streak).toBe(brakes);
  }
  expect((await pitcrew.worker("train")).pid).toBe(pid);

  brakeUntil(10);
  const renewed = await eventually(
    async () => {
      const worker = await pitcrew.worker("train");
      return worker.restarts.brake_limit !== undefined && worker.state === "up" && worker.incident === null && worker;
    },
    { what: "the renewal", within: 60_000 },
  );
  expect(renewed.pid).not.toBe(pid);
  expect(renewed.restarts).toEqual({ brake_limit: 1 });
  expect(renewed.last_exit).toMatchObject({ code: 42, reason: "brake_limit" });
  expect(
    await eventually(async () => (await brakesOf(pitcrew)).streak === 0 && (await brakesOf(pitcrew)), {
      what: "the new record",
    }),
  ).toEqual({ total: 10, streak: 0 });

  await pitcrew.kill();
  const next = await startPitcrew(site);
  expect(await brakesOf(next)).toEqual({ total: 10, streak: 0 });
  expect((await next.worker("train")).pid).toBe(renewed.pid);
});
