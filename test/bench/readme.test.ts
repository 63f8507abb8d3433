import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { withTable } from "../../bench/measuring/readme.ts";

test("a table takes the place of the former one, and of nothing else", () => {
  const readme = readFileSync(join(import.meta.dirname, "..", "..", "README.md"), "utf8");
  const once = withTable(readme, "exporter", "| first |");
  const twice = withTable(once, "exporter", "| second |");
  expect(twice).toBe(once.replace("| first |", "| second |"));
  const [before, after] = ["<!-- bench exporter -->", "<!-- end of bench exporter -->"].map((at) => readme.indexOf(at));
  expect(once.startsWith(readme.slice(0, before))).toBe(true);
  expect(once.endsWith(readme.slice(after))).toBe(true);
});

test("a benchmark that README.md has no place for is told so", () => {
  expect(() => withTable("# pitcrew\n", "exporter", "| first |")).toThrow("no place");
});
