import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

/** Lets many objects survive, as a scrape does, and tells how much room V8 has taken for new and old ones. */
const PROGRAM = `
import { getHeapSpaceStatistics } from "node:v8";
let kept = [];
for (let i = 0; i < 1e6; i++) {
  kept.push({ i, inner: {} });
  if (kept.length > 60_000) kept = [];
}
const spaces = getHeapSpaceStatistics().filter(({ space_name: name }) => name === "new_space" || name === "old_space");
console.log(spaces.reduce((bytes, space) => bytes + space.physical_space_size, 0) / 1024 ** 2);
`;

function mebibytes(prelude: string): number {
  const args = ["--import", "tsx", "--input-type=module", "-e", prelude + PROGRAM];
  return Number(execFileSync(process.execPath, args, { encoding: "utf8" }));
}

test("a heap that is kept small takes less than half of what V8 would take", () => {
  const heap = join(import.meta.dirname, "..", "..", "daemon", "heap.ts");
  const small = mebibytes(`import { keepHeapSmall } from ${JSON.stringify(heap)}; keepHeapSmall();`);
  expect(small).toBeGreaterThan(1);
  expect(small).toBeLessThan(mebibytes("") / 2);
});
