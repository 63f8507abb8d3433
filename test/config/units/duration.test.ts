import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatDuration, parseDuration } from "../../../config/units/duration.ts";

const MS = { y: 31_536_000_000, w: 604_800_000, d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

describe("a duration", () => {
  test.each([
    ["1h30m", 5400],
    ["90s", 90],
    ["250ms", 0.25],
    ["1s500ms", 1.5],
    ["5m", 300],
    ["1y2w3d4h5m6s7ms", 33_019_506.007],
    ["0s", 0],
    ["0", 0],
  ])("%s is %d seconds", (text, seconds) => {
    expect(parseDuration(text)).toEqual({ ok: true, value: seconds });
  });

  test.each(["", "5", "1.5h", "-3s", "5 m", "1m1h", "1h1h", "1H", "5min", "s", "5m\n", "300y", "1h 30m", "٣s"])(
    "%j is refused",
    (text) => {
      expect(parseDuration(text).ok).toBe(false);
    },
  );

  test("any units, each at most once and largest first, add up", () => {
    const parts = fc.tuple(...Object.keys(MS).map(() => fc.option(fc.nat({ max: 40 }), { nil: undefined })));
    fc.assert(
      fc.property(parts, (counts) => {
        const written = Object.entries(MS).flatMap(([unit, ms], at) => {
          const count = counts[at];
          return count === undefined ? [] : [{ text: `${count}${unit}`, ms: count * ms }];
        });
        fc.pre(written.length > 0);
        const totalMs = written.reduce((sum, { ms }) => sum + ms, 0);
        expect(parseDuration(written.map(({ text }) => text).join(""))).toEqual({ ok: true, value: totalMs / 1000 });
      }),
    );
  });

  test("what is shown parses to the same milliseconds", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9_000_000_000_000 }), (ms) => {
        expect(parseDuration(formatDuration(ms / 1000))).toEqual({ ok: true, value: ms / 1000 });
      }),
    );
    expect([0, 5400, 1.5, 90_000].map(formatDuration)).toEqual(["0s", "1h30m", "1s500ms", "1d1h"]);
  });

  test("no text makes the parser throw, or yield a negative or endless time", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9]{1,25}(ms|s|m|h|y)$/)), (text) => {
        const result = parseDuration(text);
        expect(!result.ok || (Number.isFinite(result.value) && result.value >= 0)).toBe(true);
      }),
    );
  });
});
