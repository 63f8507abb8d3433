// The cases that an engineer who has been burnt by auto-remediation asks about: each has a test that is named after it.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PROJECT } from "../support/pitcrew.ts";

const CASES = Array.from({ length: 25 }, (_, index) => index + 1);

test("each of the twenty-five cases has a test whose title says its number", () => {
  const files = readdirSync(join(PROJECT, "test"), { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".test.ts"),
  );
  const titles = files.flatMap((file) => [
    ...readFileSync(join(PROJECT, "test", file), "utf8").matchAll(
      /test(?:\.each\([\s\S]*?\))?\(\s*["`]case ([0-9]+): /g,
    ),
  ]);
  const found = new Set(titles.map(([, number]) => Number(number)));
  expect(CASES.filter((number) => !found.has(number))).toEqual([]);
});
