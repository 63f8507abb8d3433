// The dashboards in front of many hosts: what fits a legend for three workers must fit it for hundreds.
import { expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { createSite, LEAKY, startPitcrew } from "../support/pitcrew.ts";
import { startPackagedPrometheus } from "../support/stack.ts";
import { dashboards, panelsOf } from "./dashboards.ts";
import { startFleet } from "./fleet.ts";
import { ALL, type Choice, expectRoom, questionsOf, shownSince } from "./shown.ts";

const SIZE = { hosts: 12, copies: 10 };
const ONE: Choice = { host: "host-3", group: ".+", worker: "leaky-7" };

test("in front of 120 workers on 12 hosts no panel shows more series than it has room for, and the table shows them all", {
  timeout: 120_000,
}, async () => {
  const pitcrew = await startPitcrew(
    createSite({
      remediator: "  guard: {when: never}",
      workers: (own) => `  - name: leaky
    command: [python3, ${LEAKY}, --events, ${own.events("leaky")}, --leak-mib-per-second, '1', --until-mib, '60']
    limits: {memory: 400MiB, age: 3d}`,
    }),
  );
  const start = Math.floor(Date.now() / 1000);
  // No Alertmanager: only its own panels would notice.
  const prometheus = await startPackagedPrometheus(await startFleet(pitcrew, SIZE), "http://127.0.0.1:9");
  await eventually(
    async () =>
      (await prometheus.query("count(worker:pitcrew_worker_memory_bytes:seconds_to_limit) and count(up) > 0"))[0]
        ?.value === String(SIZE.hosts * SIZE.copies),
    { what: "records of all workers", within: 60_000 },
  );
  await expectRoom(prometheus, start, [ONE]);

  const [workers, worker] = ["pitcrew-workers", "pitcrew-worker"].map((uid) =>
    dashboards().find((one) => one.uid === uid),
  );
  const table = workers && panelsOf(workers).find(({ type, id }) => type === "table" && id === 6);
  const memory = table?.targets?.find(({ expr }) => expr.includes("memory_bytes:limit_ratio"));
  expect(await shownSince(prometheus, start, memory?.expr ?? "", ALL)).toHaveLength(SIZE.hosts * SIZE.copies);
  // The pace of half an hour: shown for a process that is old enough.
  const forecast = worker && questionsOf(worker).find(({ name }) => name.endsWith("Forecast, C"));
  await eventually(async () => (await shownSince(prometheus, start, forecast?.expr ?? "", ONE)).length === 1, {
    what: "the forecast of an old process",
  });
});
