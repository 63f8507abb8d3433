import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Renewal } from "../../../remediator/incidents/ledger.ts";
import {
  backoffSeconds,
  budgetFreeAt,
  budgetRemaining,
  cooldownUntil,
  isUrgent,
} from "../../../remediator/incidents/rationing.ts";
import { REASONS, type Reason } from "../../../remediator/incidents/reason.ts";
import { spec } from "./builders.ts";

const W = spec({ cooldownSeconds: 60 });

function renewal(mono: number, reason: Reason = "memory_limit", worker = "w"): Renewal {
  return { at: { mono, wall: mono }, worker, incident: `i-${mono}`, reason, urgent: isUrgent(reason) };
}

describe("the cooldown", () => {
  test("begins with a renewal, and there is none before the first", () => {
    expect(cooldownUntil(W, [])).toBeUndefined();
    expect(cooldownUntil(W, [renewal(1000)])).toBe(1060);
  });

  test("doubles with each urgent renewal that follows soon, up to a quarter of an hour", () => {
    const ends: (number | undefined)[] = [];
    const renewals: Renewal[] = [];
    for (let start = 1000; renewals.length < 7; start = (ends.at(-1) ?? 0) + 1) {
      renewals.push(renewal(start));
      ends.push(cooldownUntil(W, renewals));
    }
    const lengths = ends.map((end, index) => (end ?? 0) - (renewals[index]?.at.mono ?? 0));
    expect(lengths).toEqual([60, 120, 240, 480, 900, 900, 900]);
  });

  test("is back at its beginning after ten healthy minutes", () => {
    expect(cooldownUntil(W, [renewal(1000), renewal(1060 + 599)])).toBe(1659 + 120);
    expect(cooldownUntil(W, [renewal(1000), renewal(1060 + 600)])).toBe(1660 + 60);
  });

  test("is begun by a planned renewal too, but not doubled by it", () => {
    expect(cooldownUntil(W, [renewal(1000), renewal(1100, "age")])).toBe(1160);
  });

  test.each<Reason>(["crash", "exit", "requested", "drained", "operator", "external", "other", "down"])(
    "knows nothing of starts that no alert on a running worker asked for: %s",
    (reason) => {
      expect(cooldownUntil(W, [renewal(1000, reason)])).toBeUndefined();
    },
  );

  test("is each worker's own", () => {
    expect(cooldownUntil(W, [renewal(1000, "memory_limit", "other")])).toBeUndefined();
  });

  test("longer than a quarter of an hour is kept as it is configured", () => {
    const slow = spec({ cooldownSeconds: 3600 });
    expect(cooldownUntil(slow, [renewal(1000), renewal(4700)])).toBe(4700 + 3600);
  });
});

describe("a budget", () => {
  const three = { starts: 3, windowSeconds: 100 };

  test("is free until it is spent, and again when the oldest start has left its window", () => {
    const two = [renewal(10), renewal(20)];
    expect(budgetFreeAt(three, two, 30)).toBe(30);
    expect(budgetRemaining(three, two, 30)).toBe(1);
    const spent = [...two, renewal(30)];
    expect(budgetFreeAt(three, spent, 31)).toBe(110);
    expect(budgetRemaining(three, spent, 31)).toBe(0);
    expect(budgetFreeAt(three, spent, 110)).toBe(110);
    expect(budgetRemaining(three, spent, 110)).toBe(1);
  });

  test("is not spent by planned renewals and people", () => {
    const planned = [renewal(10, "age"), renewal(11, "operator"), renewal(12, "drained"), renewal(13, "requested")];
    expect(budgetRemaining(three, planned, 20)).toBe(3);
  });

  const anyRenewals = fc
    .array(fc.tuple(fc.integer({ min: 0, max: 500 }), fc.constantFrom(...REASONS)), { maxLength: 30 })
    .map((drawn) => drawn.toSorted(([a], [b]) => a - b).map(([mono, reason]) => renewal(mono, reason)));
  const anyBudget = fc.record({
    starts: fc.integer({ min: 1, max: 6 }),
    windowSeconds: fc.integer({ min: 1, max: 300 }),
  });

  test("that says when it is free is free then, and not a moment earlier", () => {
    fc.assert(
      fc.property(anyBudget, anyRenewals, (budget, renewals) => {
        const now = renewals.at(-1)?.at.mono ?? 0;
        const freeAt = budgetFreeAt(budget, renewals, now);
        expect(freeAt).toBeGreaterThanOrEqual(now);
        expect(budgetRemaining(budget, renewals, freeAt)).toBeGreaterThan(0);
        if (freeAt > now) expect(budgetRemaining(budget, renewals, freeAt - 0.5)).toBe(0);
      }),
    );
  });

  test("that is asked before every urgent start never lets more into any window", () => {
    fc.assert(
      fc.property(anyBudget, fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 40 }), (budget, gaps) => {
        const made: Renewal[] = [];
        let now = 0;
        for (const gap of gaps) {
          now = Math.max(now + gap, budgetFreeAt(budget, made, now + gap));
          made.push(renewal(now));
        }
        for (const { at } of made) {
          const inWindow = made.filter((one) => one.at.mono >= at.mono && one.at.mono < at.mono + budget.windowSeconds);
          expect(inWindow.length).toBeLessThanOrEqual(budget.starts);
        }
      }),
    );
  });

  test("and a cooldown that is waited for every time lets renewals through at least a cooldown apart", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2000 }), { maxLength: 30 }), (gaps) => {
        const made: Renewal[] = [];
        let now = 0;
        for (const gap of gaps) {
          const before = made.at(-1)?.at.mono;
          now = Math.max(now + gap, cooldownUntil(W, made) ?? 0);
          if (before !== undefined) expect(now - before).toBeGreaterThanOrEqual(60);
          made.push(renewal(now));
          expect((cooldownUntil(W, made) ?? 0) - now).toBeLessThanOrEqual(900);
        }
      }),
    );
  });
});

test("back-off is nothing at first, then doubles from a second to five minutes", () => {
  expect([0, 1, 2, 3, 4, 5, 10, 11, 1000].map(backoffSeconds)).toEqual([0, 0, 1, 2, 4, 8, 256, 300, 300]);
});
