// The web-config file while the server runs: whatever becomes of it, requests are answered, and people are told.
import { rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadWebConfig } from "../../../config/web/load.ts";
import { createLog } from "../../../daemon/log.ts";
import { watchWebConfig } from "../../../daemon/web-config/web-config.ts";
import { eventually } from "../../support/eventually.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const burst = (burst: number) => `rate_limit: {interval: 1s, burst: ${burst}}`;

function watched(afterReading: (reads: number, file: string) => void = () => undefined) {
  const file = join(temporaryDirectory(), "web.yml");
  writeFileSync(file, burst(1));
  const lines: string[] = [];
  const told: boolean[] = [];
  let reads = 0;
  const current = watchWebConfig({
    read: () => {
      const config = loadWebConfig(file, { isRoot: false });
      afterReading(++reads, file);
      return config;
    },
    log: createLog({ level: "error", format: "logfmt", write: (line) => lines.push(line) }),
    onRead: (isGood) => told.push(isGood),
  });
  return { file, lines, told, reads: () => reads, burst: () => current().rateLimit?.burst };
}

test("a file that cannot even be looked at is a bad file: the old one stays in force, and nothing is thrown", async () => {
  const { file, lines, told, burst: now } = watched();
  rmSync(file);
  symlinkSync(file, file);
  expect([now(), now()]).toEqual([1, 1]);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/the old one stays in force.*ELOOP/);
  expect(told).toEqual([false]);
  rmSync(file);
  writeFileSync(file, burst(2));
  await eventually(() => now() === 2, { what: "the mended file" });
  expect(told.at(-1)).toBe(true);
});

test("a file that is changed while it is read is read again", () => {
  const {
    file,
    reads,
    burst: now,
  } = watched((count, path) => {
    if (count === 2) writeFileSync(path, burst(333));
  });
  writeFileSync(file, burst(22));
  expect([now(), now(), now()]).toEqual([22, 333, 333]);
  expect(reads()).toBe(3);
});
