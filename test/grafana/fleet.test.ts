// The dashboards in front of many hosts: what fits a legend for three workers must fit it for hundreds.
import { expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { createSite, LEAKY, startPitcrew } from "../support/pitcrew.ts";
import { startPackagedPrometheus } from "../support/stack.ts";
import { dashboards, panelsOf } from "./dashboards.ts";
import { startFleet } from "./fleet.ts";
import { ALL, type Choice, expectRoom, NOT_EVERYWHERE, questionsOf, SCRAPE_SECONDS, shownSince } from "./shown.ts";

const SIZE = { hosts: 10, copies: 6 };
const ONE: Choice = { host: "host-3", group: ".+", worker: "leaky-5" };

test("in front of 60 workers on 10 hosts no panel shows more series than it has room for, and the table shows them all", {
  timeout: 300_000,
}, async () => {
  const pitcrew = await startPitcrew(
    createSite({
      remediator: "  guard: {when: never}",
      workers: (own) => `  - name: leaky
    command: [python3, ${LEAKY}, --events, ${own.events("leaky")}, --leak-mib-per-second, '1', --until-mib, '300']
    limits: {memory: 400MiB, age: 3d}`,
    }),
  );
  const start = Math.floor(Date.now() / 1000);
  // No Alertmanager: only its own panels would notice.
  const prometheus = await startPackagedPrometheus(
    await startFleet(pitcrew, SIZE),
    "http://127.0.0.1:9",
    SCRAPE_SECONDS,
  );
  const recorded = "count(worker:pitcrew_worker_memory_bytes:seconds_to_limit)";
  await eventually(async () => (await prometheus.query(recorded))[0]?.value === String(SIZE.hosts * SIZE.copies), {
    what: "records of all workers",
    within: 90_000,
  });
  await expectRoom(prometheus, start, [ONE]);

  const workers = dashboards().find(({ uid }) => uid === "pitcrew-workers");
  const table = workers && panelsOf(workers).find(({ id }) => id === 6);
  const memory = table?.targets?.find(({ expr }) => expr.includes("memory_bytes:limit_ratio"));
  expect(await shownSince(prometheus, start, memory?.expr ?? "", ALL)).toHaveLength(SIZE.hosts * SIZE.copies);

  const rare = dashboards().flatMap((dashboard) =>
    questionsOf(dashboard)
      .filter(({ name }) => NOT_EVERYWHERE.includes(name))
      .map((question) => ({ ...question, choice: dashboard.uid === "pitcrew-worker" ? ONE : ALL })),
  );
  expect(rare.map(({ name }) => name).toSorted()).toEqual([...NOT_EVERYWHERE].toSorted());
  for (const { name, expr, choice } of rare)
    await eventually(async () => (await shownSince(prometheus, start, expr, choice)).length > 0, {
      what: `something in ${name}`,
    });
});
