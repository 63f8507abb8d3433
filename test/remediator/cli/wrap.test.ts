import { expect, test } from "vitest";
import { flowed, wrapped } from "../../../remediator/cli/wrap.ts";

test("text is broken between words, with further lines indented, and never wider than the terminal", () => {
  expect(wrapped("one two three four", { width: 9, indent: 2 })).toEqual(["one two", "  three", "  four"]);
  expect(wrapped("short", { width: 80 })).toEqual(["short"]);
  expect(wrapped("a-word-that-is-longer-than-a-line", { width: 10, indent: 2 })).toEqual([
    "a-word-tha",
    "  t-is-lon",
    "  ger-than",
    "  -a-line",
  ]);
});

test("a pipe has no width: lines are as long as they are", () => {
  const text = "word ".repeat(100).trim();
  expect(wrapped(text, { width: undefined, indent: 4 })).toEqual([text]);
  expect(flowed(["a", "b"], " · ", undefined)).toEqual(["a · b"]);
});

test("parts share a line as long as they fit", () => {
  expect(flowed(["host", "memory", "guard"], " · ", 14)).toEqual(["host · memory", "guard"]);
  expect(flowed([], " · ", 14)).toEqual([]);
});
