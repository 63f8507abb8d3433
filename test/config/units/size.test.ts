import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatSize, parseSize } from "../../../config/units/size.ts";

const UNITS = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };

describe("a size", () => {
  test.each([
    ["8GiB", 8_589_934_592],
    ["1.5GiB", 1_610_612_736],
    ["512MiB", 536_870_912],
    ["1kB", 1000],
    ["0.001kB", 1],
    ["2TB", 2_000_000_000_000],
  ])("%s is %d bytes", (text, bytes) => {
    expect(parseSize(text)).toEqual({ ok: true, value: bytes });
  });

  test.each([
    "",
    "8",
    "8G",
    "8gib",
    "8 GiB",
    "GiB",
    "-1GiB",
    "+1GiB",
    "1e3MiB",
    "0GiB",
    "8GiB\n",
    "0x8GiB",
    "٨GiB",
    "8B",
  ])("%j is refused", (text) => {
    expect(parseSize(text).ok).toBe(false);
  });

  test("any whole number of any unit is that many bytes, as long as a number can hold them", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8000 }),
        fc.constantFrom(...Object.entries(UNITS)),
        (count, [unit, bytes]) => {
          expect(parseSize(`${count}${unit}`)).toEqual({ ok: true, value: count * bytes });
        },
      ),
    );
  });

  test("no text makes the parser throw, or yield anything but a whole positive number", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9.]{1,30}(KiB|GiB|TB)$/)), (text) => {
        const result = parseSize(text);
        expect(!result.ok || (Number.isSafeInteger(result.value) && result.value > 0)).toBe(true);
      }),
    );
  });

  test("what is shown parses again, to within the digit that is shown", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1024, max: 2 ** 45 }), (bytes) => {
        const result = parseSize(formatSize(bytes));
        expect(result.ok && Math.abs(result.value - bytes) / bytes).toBeLessThanOrEqual(0.051);
      }),
    );
    expect([900, 1024, 48 * 1024 ** 2, 1.5 * 1024 ** 3].map(formatSize)).toEqual(["0.9KiB", "1KiB", "48MiB", "1.5GiB"]);
  });
});
