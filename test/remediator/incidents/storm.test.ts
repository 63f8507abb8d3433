import { describe, expect, test } from "vitest";
import type { Renewal } from "../../../remediator/incidents/ledger.ts";
import { groupsOf, isStorm } from "../../../remediator/incidents/storm.ts";
import { at, NOW } from "./builders.ts";

const GROUPS = groupsOf(["a-1", "a-2", "a-3", "a-4", "b-1", "b-2"].map((name) => ({ name, group: name.slice(0, 1) })));

function renewed(worker: string, secondsAgo = 60, urgent = true): Renewal {
  return { at: at(-secondsAgo), worker, incident: "i", reason: urgent ? "memory_limit" : "age", urgent };
}

describe("a storm", () => {
  test.each([
    ["half of a group is not one", ["a-1", "a-2"], false],
    ["more than half of a group is one", ["a-1", "a-2", "a-3"], true],
    ["the same worker again and again is no group", ["a-1", "a-1", "a-1"], false],
    ["a group of two is too small to tell", ["b-1", "b-2"], false],
    ["ten renewals of the host are not one", Array<string>(10).fill("b-1"), false],
    ["eleven renewals of the host are one", Array<string>(11).fill("b-1"), true],
  ])("%s", (_fact, workers, storm) => {
    expect(
      isStorm(
        workers.map((worker) => renewed(worker)),
        GROUPS,
        NOW.mono,
      ),
    ).toBe(storm);
  });

  test("is over ten minutes later, and planned renewals do not make one", () => {
    const workers = ["a-1", "a-2", "a-3"];
    expect(
      isStorm(
        workers.map((worker) => renewed(worker, 601)),
        GROUPS,
        NOW.mono,
      ),
    ).toBe(false);
    expect(
      isStorm(
        workers.map((worker) => renewed(worker, 60, false)),
        GROUPS,
        NOW.mono,
      ),
    ).toBe(false);
  });
});
