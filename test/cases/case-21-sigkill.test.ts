// Pitcrew is killed at every write of its journal, every signal and every start of whole incidents: real processes, SIGKILL, enumerated points.
// test/remediator/incidents/engine-crash.test.ts does the same for fourteen scenarios on a machine of literals.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { eventsOf } from "../support/events.ts";
import { eventually } from "../support/eventually.ts";
import { createSite, isRunning, PROJECT, type Site, spawnPitcrew, startPitcrew } from "../support/pitcrew.ts";
import { count, GUARD, leaky, living } from "./scene.ts";

const BUDGET = 20;
/** So many lives at once: most of each is waiting. */
const AT_ONCE = 4;

interface Scenario {
  title: string;
  args: string;
  /** Points are counted from the first whose name holds this. */
  countFrom: string;
  /** This one and those after it are another scenario's. */
  countUntil?: string;
  /** Among others, it must have died right after these. */
  places: readonly string[];
}

const SCENARIOS: readonly Scenario[] = [
  {
    title: "a first start and a renewal for memory",
    args: "--hold-first-mib 60",
    countFrom: "",
    places: ["write of incident (terminating)", "kill with SIGTERM", "write of incident (starting)", "spawn"],
  },
  // Up to the signal, and from the end of the tree on, it is like the other.
  {
    title: "a renewal for memory of a worker that ignores SIGTERM",
    args: "--hold-first-mib 60 --ignore-term",
    countFrom: "kill with SIGTERM",
    countUntil: "write of incident (holding)",
    places: ["kill with SIGTERM", "write of incident (killing)", "kill with SIGKILL"],
  },
];

/** @returns where pitcrew died, and what was wrong afterwards; undefined when the incident was over before */
async function dieAt(point: number, { args, countFrom, countUntil = "" }: Scenario) {
  const site = createSite({
    remediator: `${GUARD}\n  budget: ${BUDGET}/30m`,
    verify: "100ms",
    workers: (own) =>
      leaky(own, "w", {
        args,
        keys: ["limits: {memory: 50MiB}", "cooldown: 0s", "start_interval: 0s", `budget: ${BUDGET}/30m`],
      }).replace("grace: 5s", "grace: 300ms"),
  });
  const place = join(site.directory, "place");
  const dying = spawnPitcrew(site, {
    NODE_OPTIONS: `--import ${join(PROJECT, "test", "support", "die-at.mjs")}`,
    PITCREW_TEST_DIE_AT: String(point),
    PITCREW_TEST_PLACE: place,
    PITCREW_TEST_COUNT_FROM: countFrom,
    PITCREW_TEST_COUNT_UNTIL: countUntil,
  });
  const exit = once(dying, "exit");
  const isOver = async () => count(site, "w", "start") >= 2 && (await isVerified(site));
  const ended = await Promise.race([
    exit.then(() => true),
    eventually(isOver, { what: "the end of it", within: 150_000 }).then(() => false),
  ]);
  if (!ended) {
    dying.kill("SIGKILL");
    await exit;
    return undefined;
  }
  const after = await startPitcrew(site);
  await eventually(
    async () => {
      const worker = await after.worker("w");
      const isWell =
        worker.state === "up" && worker.incident === null && (worker.memory_bytes ?? Infinity) < 50 * 2 ** 20;
      return isWell && count(site, "w", "start") >= 2;
    },
    { what: `all to be well after a death at ${readFileSync(place, "utf8").trim()}`, within: 150_000 },
  );
  const { budget, workers } = await after.status();
  const restarts = Object.values(workers[0]?.restarts ?? {}).reduce((sum, times) => sum + times, 0);
  const starts = eventsOf(site.events("w"), "start");
  const found = {
    place: readFileSync(place, "utf8").trim(),
    living: living(site, "w").length,
    twins: eventsOf(site.events("w"), "twin").length,
    survivors: starts.slice(0, -1).filter(({ pid }) => isRunning(pid)).length,
    starts: starts.length,
    actedOnTwice: actedOnTwice(site),
    spent: BUDGET - (budget.workers.w ?? 0),
    restarts,
  };
  await after.interrupt();
  return found;
}

/** The renewal has ended well, as the journal tells. */
async function isVerified(site: Site): Promise<boolean> {
  const records = readFileSync(site.journalFile, "utf8").split("\n").slice(0, -1);
  return records.some((line) => line.includes('"reason":"memory_limit"') && line.includes('"state":"resolved"'));
}

/** Processes that more than one incident has ended. */
function actedOnTwice(site: Site): number {
  const acted = new Map<string, Set<string>>();
  for (const line of readFileSync(site.journalFile, "utf8").split("\n").slice(0, -1)) {
    const { entry } = JSON.parse(line) as {
      entry: { incident?: { id: string; state: string; incarnation?: { pid: number; startTicks: number } } };
    };
    const { id, incarnation, state } = entry.incident ?? { id: "", state: "" };
    if (incarnation === undefined || (state !== "terminating" && state !== "killing")) continue;
    const key = `${incarnation.pid} ${incarnation.startTicks}`;
    acted.set(key, (acted.get(key) ?? new Set()).add(id));
  }
  return [...acted.values()].filter(({ size }) => size > 1).length;
}

describe("case 21: SIGKILL at every boundary", () => {
  test.each(SCENARIOS)(
    "case 21: of $title: one copy in the end, never two, nobody ended twice, budgets as they were",
    {
      timeout: 900_000,
    },
    async (scenario) => {
      const places: string[] = [];
      let next = 0;
      let isOver = false;
      const live = async () => {
        while (!isOver) {
          const found = await dieAt(next++, scenario);
          if (found === undefined) {
            isOver = true;
            return;
          }
          const { place, ...rest } = found;
          places.push(place);
          expect({ place, ...rest }).toEqual({
            place,
            living: 1,
            twins: 0,
            survivors: 0,
            starts: 2,
            actedOnTwice: 0,
            spent: 1,
            restarts: 1,
          });
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, live));
      // The enumeration saw what it is about.
      for (const what of scenario.places)
        expect(places.filter((place) => place.includes(what)).length).toBeGreaterThanOrEqual(1);
    },
  );
});
