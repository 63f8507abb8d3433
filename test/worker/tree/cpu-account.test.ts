import fc from "fast-check";
import { expect, test } from "vitest";
import { CpuAccount } from "../../../worker/tree/cpu-account.ts";

test("what an ended child used moves to the parent that waited for it, and is not counted twice", () => {
  const account = new CpuAccount();
  expect(account.total(100)).toBe(100);
  // The child (40 of these) is gone, and the parent has inherited it in the same look.
  account.ended(40, 7);
  account.settle(() => 42);
  expect(account.total(60 + 42)).toBe(102);
});

test("of a zombie it is kept until its parent waits for it", () => {
  const account = new CpuAccount();
  account.ended(40, 7);
  account.settle(() => 0);
  expect(account.total(60)).toBe(100);
  account.settle(() => 40);
  expect(account.hasDebts).toBe(false);
  expect(account.total(60 + 40)).toBe(100);
});

test("of a child whom nobody of the tree inherits it stays", () => {
  const account = new CpuAccount();
  account.ended(40, undefined);
  expect(account.total(60)).toBe(100);
  account.ended(10, 7);
  account.settle(() => undefined);
  expect(account.hasDebts).toBe(false);
  expect(account.total(50)).toBe(100);
});

/** A parent whose children work, end, and are waited for or not: what is told is what was used, to what was never seen. */
test("is never less than before, and never more than was used", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("work" as const), by: fc.nat({ max: 50 }) }),
    fc.record({ kind: fc.constant("fork" as const) }),
    fc.record({ kind: fc.constant("end" as const), isWaitedFor: fc.boolean() }),
    fc.record({ kind: fc.constant("look" as const) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const account = new CpuAccount();
      const parent = { own: 0, inherited: 0, seenInherited: 0 };
      let children: { used: number; seen: number | undefined; hasEnded: boolean }[] = [];
      let used = 0;
      let before = 0;
      for (const it of steps) {
        const busy = children.find(({ hasEnded }) => !hasEnded);
        if (it.kind === "work") {
          if (busy === undefined) parent.own += it.by;
          else busy.used += it.by;
          used += it.by;
        } else if (it.kind === "fork") children.push({ used: 0, seen: undefined, hasEnded: false });
        else if (it.kind === "end" && busy !== undefined) {
          busy.hasEnded = true;
          if (it.isWaitedFor) parent.inherited += busy.used;
        } else if (it.kind === "look") {
          for (const child of children) if (child.hasEnded && child.seen !== undefined) account.ended(child.seen, 7);
          children = children.filter(({ hasEnded }) => !hasEnded);
          for (const child of children) child.seen = child.used;
          account.settle(() => parent.inherited - parent.seenInherited);
          parent.seenInherited = parent.inherited;
          const living = children.reduce((sum, child) => sum + child.used, parent.own + parent.inherited);
          const total = account.total(living);
          expect(total).toBeGreaterThanOrEqual(before);
          expect(total).toBeLessThanOrEqual(used);
          before = total;
        }
      }
    }),
  );
});
