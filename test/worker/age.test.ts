import fc from "fast-check";
import { expect, test } from "vitest";
import { maxAgeSeconds } from "../../worker/age.ts";

const incarnation = fc.record({ bootId: fc.uuid(), pid: fc.nat(), startTicks: fc.nat() });
const HOUR = 3600;

test("without an age limit there is none", () => {
  expect(maxAgeSeconds({ ageJitter: 0.1 }, "train-1", { bootId: "b", pid: 1, startTicks: 2 })).toBeUndefined();
});

test("the limit stays within its jitter, and is the same whoever asks", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.string(), incarnation, (ageJitter, worker, which) => {
      const limits = { ageSeconds: HOUR, ageJitter };
      const limit = maxAgeSeconds(limits, worker, which) ?? Number.NaN;
      expect(limit).toBeGreaterThanOrEqual(HOUR * (1 - ageJitter) - 1e-6);
      expect(limit).toBeLessThanOrEqual(HOUR * (1 + ageJitter) + 1e-6);
      expect(maxAgeSeconds(limits, worker, { ...which })).toBe(limit);
    }),
  );
});

test("workers that start together, and incarnations of one worker, are spread over the whole jitter", () => {
  const limits = { ageSeconds: HOUR, ageJitter: 0.1 };
  const byWorker = Array.from(
    { length: 200 },
    (_, i) => maxAgeSeconds(limits, `train-${i}`, { bootId: "b", pid: 9, startTicks: 9 }) ?? 0,
  );
  const byStart = Array.from(
    { length: 200 },
    (_, i) => maxAgeSeconds(limits, "train-1", { bootId: "b", pid: 9, startTicks: i }) ?? 0,
  );
  for (const spread of [byWorker, byStart]) {
    expect(Math.min(...spread)).toBeLessThan(HOUR * 0.92);
    expect(Math.max(...spread)).toBeGreaterThan(HOUR * 1.08);
    const mean = spread.reduce((a, b) => a + b) / spread.length;
    expect(Math.abs(mean - HOUR)).toBeLessThan(HOUR * 0.02);
  }
});
