// The night of 2026-02-14: two workers that leak on a machine of 31.2 GiB. A brake alone fired 951 times and gave nothing back; here it is
// replayed beside the real brake, whose worker leaves and is started afresh.
import { expect, test } from "vitest";
import { Brake, TrialKilled } from "../../../worker/brake.ts";
import { VirtualTime } from "./virtual-time.ts";

const GIB = 1024 ** 3;
const TOTAL = 31.23;
const SYSTEM = 2.4;
const FLOOR = 2;
const NIGHT_SECONDS = 10 * 3600;
const FRESH = 2;
const LEAK_PER_SPLIT = 0.1;
const SPLIT_SECONDS = 20;
/** From the start of a trial to its first check; chosen so that the old scheme brakes as often as it did. */
const SETUP_SECONDS = 67.6;
const START_INTERVAL_SECONDS = 30;
const RESTART_SECONDS = 5;
const LIMIT = 10;
const JITTER_SECONDS = 5;
/** Ten trials that are killed at their first check. The first may only see it at the end of its split, the last waits once more. */
const STREAK_SECONDS = SPLIT_SECONDS + LIMIT * SETUP_SECONDS + JITTER_SECONDS;

interface Night {
  brakes: number;
  /** Brakes in a row before each. */
  renewals: number[];
  longestBelow: number;
  /** GiB available, each ten minutes. */
  curve: number[];
}

class Exit extends Error {}

async function spendNight(work: (machine: Machine, worker: number) => Promise<void>): Promise<Night> {
  const machine = new Machine();
  for (const worker of [0, 1])
    void machine.time.sleep(worker * START_INTERVAL_SECONDS).then(() => work(machine, worker));
  await machine.time.runUntil(NIGHT_SECONDS, (now) => machine.watch(now));
  machine.watch(NIGHT_SECONDS);
  return machine.night;
}

class Machine {
  readonly time = new VirtualTime();
  readonly held = [0, 0];
  readonly night: Night = { brakes: 0, renewals: [], longestBelow: 0, curve: [] };
  #belowSince: number | undefined;

  get available(): number {
    return TOTAL - SYSTEM - this.held.reduce((sum, gib) => sum + gib, 0);
  }

  watch(now: number): void {
    if (this.available >= FLOOR) this.#belowSince = undefined;
    else {
      this.#belowSince ??= this.time.now;
      this.night.longestBelow = Math.max(this.night.longestBelow, now - this.#belowSince);
    }
    while (this.night.curve.length * 600 <= now) this.night.curve.push(this.available);
  }

  async trial(worker: number, check: () => Promise<void>): Promise<void> {
    for (let split = 0; split < 5; split++) {
      await check();
      await this.time.sleep(SPLIT_SECONDS);
      this.held[worker] = (this.held[worker] ?? 0) + LEAK_PER_SPLIT;
    }
  }
}

/** As it was: the trial ends, the worker holds what it has, and the next trial comes. */
async function oldWorker(machine: Machine, worker: number): Promise<void> {
  machine.held[worker] = FRESH;
  for (;;) {
    await machine.time.sleep(SETUP_SECONDS);
    try {
      await machine.trial(worker, async () => {
        if (machine.available < FLOOR) throw new TrialKilled();
      });
    } catch (error) {
      if (!(error instanceof TrialKilled)) throw error;
      machine.night.brakes++;
    }
  }
}

/** As it is: the real brake, and a fresh process a few seconds after an exit with 42. */
async function newWorker(machine: Machine, worker: number): Promise<void> {
  for (;;) {
    machine.held[worker] = FRESH;
    const brake = new Brake({
      thresholdBytes: FLOOR * GIB,
      limit: LIMIT,
      jitterSeconds: JITTER_SECONDS,
      availableBytes: () => machine.available * GIB,
      clock: () => machine.time.now,
      sleep: machine.time.sleep,
      say: () => {},
      exit: () => {
        throw new Exit();
      },
    });
    let counted = 0;
    try {
      for (;;) {
        await machine.time.sleep(SETUP_SECONDS);
        try {
          await machine.trial(worker, () => brake.checked());
        } catch (error) {
          if (!(error instanceof TrialKilled)) throw error;
        }
        machine.night.brakes += brake.brakesTotal - counted;
        counted = brake.brakesTotal;
      }
    } catch (error) {
      if (!(error instanceof Exit)) throw error;
      machine.night.brakes += brake.brakesTotal - counted;
      machine.night.renewals.push(brake.consecutiveBrakes);
      machine.held[worker] = 0;
      await machine.time.sleep(RESTART_SECONDS);
    }
  }
}

/** One character per ten minutes, from nothing available to 24 GiB and more. */
function drawn(curve: readonly number[]): string {
  const blocks = " ▁▂▃▄▅▆▇█";
  return curve.map((gib) => blocks[Math.max(0, Math.min(8, Math.ceil((gib - FLOOR) / 3)))]).join("");
}

test("the night of 951 brakes: with pitcrew each worker leaves within its limit, and the machine recovers within one streak", async () => {
  const before = await spendNight(oldWorker);
  const after = await spendNight(newWorker);
  const inARow = Math.max(...after.renewals);
  console.log(
    [
      "available memory over the night, ten minutes a column (blank: below the floor)",
      `  a brake alone  |${drawn(before.curve)}| ${before.brakes} brakes, ${(before.longestBelow / 3600).toFixed(1)} h below the floor`,
      `  with pitcrew   |${drawn(after.curve)}| ${after.brakes} brakes, ${after.renewals.length} renewals, ${inARow} brakes in a row before each, ${after.longestBelow.toFixed(0)} s below the floor at a time`,
    ].join("\n"),
  );

  expect(before.brakes).toBe(951);
  expect(before.renewals).toEqual([]);
  expect(before.longestBelow).toBeGreaterThan(3600);
  expect(before.curve.at(-1)).toBeLessThan(FLOOR);

  expect(after.renewals.length).toBeGreaterThan(0);
  expect(inARow).toBeLessThanOrEqual(LIMIT);
  expect(after.longestBelow).toBeLessThanOrEqual(STREAK_SECONDS);
  expect(after.brakes).toBeLessThan(before.brakes / 2);
});
