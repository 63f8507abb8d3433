// How times, numbers and ids read.
import { describe, expect, test } from "vitest";
import { rebase } from "../../../remediator/incidents/clock.ts";
import { idSource } from "../../../remediator/incidents/incident-id.ts";
import { bytes, clockSeconds, comparison, seconds } from "../../../remediator/incidents/phrases.ts";
import { toReason } from "../../../remediator/incidents/reason.ts";

test.each([
  [0.04, "40ms"],
  [9.94, "9.9s"],
  [9.96, "10s"],
  [119.4, "119s"],
  [119.6, "2m00s"],
  [179.7, "3m00s"],
  [3599, "59m59s"],
  [7199.7, "2h00m"],
  [90_000, "25h00m"],
  [172_799.6, "2d00h"],
  [300_000, "3d11h"],
])("%f seconds read %s", (value, text) => {
  expect(seconds(value)).toBe(text);
});

test("a waiting time is never nothing", () => {
  expect([0, 0.2, 1.2].map(clockSeconds)).toEqual(["1s", "1s", "2s"]);
});

test.each([
  [512, "512 B"],
  [1536, "1.5 KiB"],
  [212 * 1024 * 1024, "212 MiB"],
  [1.25 * 1024 ** 3, "1.3 GiB"],
  [-2048, "-2.0 KiB"],
])("%i bytes read %s", (value, text) => {
  expect(bytes(value)).toBe(text);
});

test("a comparison is in the unit of its reason, and absent without a value", () => {
  expect(comparison("memory_limit", { kind: "true", value: 2048, limit: 1024 })).toBe(" (2.0 KiB against 1.0 KiB)");
  expect(comparison("age", { kind: "true", value: 3700, limit: 3600 })).toBe(" (61m40s against 60m00s)");
  expect(comparison("brake_limit", { kind: "true", value: 10, limit: 10 })).toBe(" (10 against 10)");
  expect(comparison("other", { kind: "true", value: 7 })).toBe(" (7)");
  expect(comparison("age", { kind: "not_needed" })).toBe("");
});

test("an unknown reason is `other`, and none is taken from what objects inherit", () => {
  expect([undefined, "", "Memory_limit", "constructor", "__proto__", "age"].map(toReason)).toEqual([
    "other",
    "other",
    "other",
    "other",
    "other",
    "age",
  ]);
});

describe("ids", () => {
  const noon = Date.UTC(2026, 1, 15, 12) / 1000;

  test("sort by time and are never given twice, even if the clock is set back", () => {
    let now = noon;
    const next = idSource(() => now);
    const made: string[] = [];
    for (const step of [0, 0, 0, 1, 0, -3600, 0, 1800, 1800, 1, 0]) {
      now += step;
      made.push(next());
    }
    expect(new Set(made).size).toBe(made.length);
    expect(made[0]).toMatch(/^20260215-120000-[a-z0-9]+$/);
    expect(made.map((id) => id.slice(0, 15))).toEqual(made.map((id) => id.slice(0, 15)).toSorted());
  });
});

describe("a stamp of a former boot", () => {
  const now = { mono: 50, wall: 10_000 };

  test("is as long ago as the wall clock says", () => {
    expect(rebase({ mono: 99_999, wall: 9_400 }, now)).toEqual({ mono: -550, wall: 9_400 });
  });

  test("is never in the future: a clock that stepped back makes it just now", () => {
    expect(rebase({ mono: 1, wall: 20_000 }, now)).toEqual({ mono: 50, wall: 20_000 });
  });
});
