import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Slots } from "../../../worker/locate/slots.ts";
import type { ProcessEntry } from "../../../worker/process-table.ts";

const entry = (pid: number, startTicks = pid): ProcessEntry => ({
  pid,
  startTicks,
  ppid: 1,
  session: 1,
  comm: "x",
  isSettled: true,
});
const holders = (slots: Slots, count: number) => Array.from({ length: count }, (_, i) => slots.holder(i + 1)?.pid);

describe("slots", () => {
  test("go to the oldest first, and what is left over waits", () => {
    const slots = new Slots(2);
    slots.assign([entry(1), entry(2), entry(3)]);
    expect(holders(slots, 3)).toEqual([1, 2, undefined]);
  });

  test("are kept: the replacement of the first one gets the first slot, though it is the youngest", () => {
    const slots = new Slots(2);
    slots.assign([entry(1), entry(2)]);
    slots.assign([entry(2)]);
    expect(holders(slots, 2)).toEqual([undefined, 2]);
    slots.assign([entry(2), entry(9)]);
    expect(holders(slots, 2)).toEqual([9, 2]);
  });

  test("are lost with the process, even if another one has its pid", () => {
    const slots = new Slots(2);
    slots.assign([entry(1, 10), entry(2, 20)]);
    slots.assign([entry(2, 20), entry(1, 30)]);
    expect(slots.holder(1)?.startTicks).toBe(30);
    expect(slots.holder(2)?.startTicks).toBe(20);
  });

  test("never change hands while their holder lives, and no process holds two", () => {
    const population = fc.uniqueArray(fc.integer({ min: 1, max: 12 }));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(population), (count, steps) => {
        const slots = new Slots(count);
        let before: (number | undefined)[] = [];
        for (const pids of steps) {
          slots.assign(pids.sort((a, b) => a - b).map((pid) => entry(pid)));
          const now = holders(slots, count);
          const held = now.filter((pid) => pid !== undefined);
          expect(new Set(held).size).toBe(held.length);
          expect(held.length).toBe(Math.min(count, pids.length));
          before.forEach((pid, slot) => {
            if (pid !== undefined && pids.includes(pid)) expect(now[slot]).toBe(pid);
          });
          before = now;
        }
      }),
    );
  });
});
