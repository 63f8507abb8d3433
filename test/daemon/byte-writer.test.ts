import fc from "fast-check";
import { expect, test } from "vitest";
import { ByteWriter } from "../../daemon/byte-writer.ts";

function written(write: (writer: ByteWriter) => void): string {
  const writer = new ByteWriter(4);
  write(writer);
  return writer.copy().toString("utf8");
}

test.each([
  0,
  -0,
  7,
  -1,
  10,
  999_999_999,
  1_000_000_000,
  1_000_000_001,
  -10_000_000_000,
  Number.MAX_SAFE_INTEGER,
  Number.MIN_SAFE_INTEGER,
  2 ** 53,
  2 ** 64,
  1e21,
  0.1,
  -1.5e-9,
  Number.MIN_VALUE,
])("the number %d is written as String has it", (value) => {
  expect(written((writer) => writer.number(value))).toBe(String(value));
});

test("any number is written as String has it, and any text as UTF-8, one after the other", () => {
  const part = fc.oneof(fc.double(), fc.maxSafeInteger(), fc.integer(), fc.string({ unit: "grapheme" }));
  fc.assert(
    fc.property(fc.array(part), (parts) => {
      const text = written((writer) => {
        for (const it of parts) {
          if (typeof it === "number") writer.number(it);
          else writer.text(it);
        }
      });
      expect(text).toBe(parts.join(""));
    }),
  );
});

test("a copy is not touched by what is written after it", () => {
  const writer = new ByteWriter();
  writer.text("first");
  const first = writer.copy();
  writer.clear();
  writer.text("second");
  expect([first.toString(), writer.copy().toString()]).toEqual(["first", "second"]);
});
