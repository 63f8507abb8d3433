// One half of the random machines (principles.ts): two files, so that both cores work on them.
import { test } from "vitest";
import { holdPrinciples, RUNS_PER_FILE, seedOf } from "./principles.ts";
import { timeIsFake } from "./scenario.ts";

timeIsFake();

test("the engine keeps its principles, whatever happens", { timeout: 60_000 + RUNS_PER_FILE * 200 }, async () => {
  await holdPrinciples(RUNS_PER_FILE, seedOf(0));
});
