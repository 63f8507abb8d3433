// The TypeScript brake on the table of cases: readings are real files, requests are real requests; a fork is a brake below a living owner.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { AvailableMemory } from "../../../worker/brake/available.ts";
import { Brake, type BrakeOptions, TrialKilled } from "../../../worker/brake.ts";
import { writeBrakeRecord } from "../../../worker/files/brake-record.ts";
import { writeRequestRecord } from "../../../worker/files/request-record.ts";
import { identify } from "../../../worker/identify.ts";
import type { Incarnation } from "../../../worker/incarnation.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { CASES, type Case, DEFAULTS, expectedOf, isCheck, type Outcome, type Reading } from "./cases.ts";

class Exit extends Error {}
/** The script of the case ends within a wait. */
class Enough extends Error {}

afterEach(() => {
  delete process.env.PITCREW_BRAKE_OWNER;
});

describe.each(["check", "checked"] as const)("the TypeScript brake's %s() keeps to the table", (how) => {
  test.each(CASES)("$n", async (one) => {
    expect(await outcomesOf(one, how)).toEqual(expectedOf(one));
  });
});

async function outcomesOf(one: Case, how: "check" | "checked"): Promise<Outcome[]> {
  const machine = new Machine(temporaryDirectory());
  const outcomes: Outcome[] = [];
  let at = -1;
  let now = 0;
  const enter = (index: number) => {
    at = index;
    const step = one.s[index];
    if (step === undefined || !isCheck(step)) throw new Enough();
    now = step[0];
    machine.show(step[1]);
  };
  const wait = (seconds: number) => {
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(Math.max(one.jitter ?? 0, DEFAULTS.spacing));
    outcomes.push(["wait", brake.consecutiveBrakes, brake.brakesTotal]);
    enter(at + 1);
  };
  const memory = new AvailableMemory({ procRoot: machine.proc, cgroupRoot: machine.cgroup });
  const options: BrakeOptions = {
    thresholdBytes: DEFAULTS.threshold * 1024,
    limit: one.limit ?? DEFAULTS.limit,
    resetAfterSeconds: DEFAULTS.reset,
    spacingSeconds: DEFAULTS.spacing,
    jitterSeconds: one.jitter ?? 0,
    worker: "case",
    availableBytes: () => memory.read(),
    clock: () => now,
    sleepSync: wait,
    sleep: async (seconds) => wait(seconds),
    exit: (code) => {
      expect(code).toBe(42);
      throw new Exit();
    },
    say: () => {},
  };
  let runDirectory = newRunDirectory(one.total === undefined ? undefined : { total: one.total, incarnation: GONE });
  let brake = new Brake({ ...options, runDirectory });
  let requests = 0;
  while (at + 1 < one.s.length) {
    const step = one.s[at + 1];
    if (step?.[0] === "drain") {
      at++;
      requests++;
      const id = `request-${requests}`;
      writeRequestRecord(runDirectory, {
        version: 1,
        worker: "case",
        kind: "drain",
        id,
        incarnation: living(process.pid),
        atSeconds: 1,
      });
      continue;
    }
    if (step?.[0] === "fork") {
      at++;
      runDirectory = newRunDirectory({ total: 5, incarnation: living(process.ppid) });
      brake = new Brake({ ...options, runDirectory });
      continue;
    }
    enter(at + 1);
    let outcome: string;
    try {
      if (how === "check") brake.check();
      else await brake.checked();
      outcome = "ok";
    } catch (error) {
      if (error instanceof Enough) break;
      if (!(error instanceof Exit || error instanceof TrialKilled)) throw error;
      outcome = error instanceof TrialKilled ? "brake" : brake.draining ? "drain" : "exit";
    }
    outcomes.push([outcome, brake.consecutiveBrakes, brake.brakesTotal]);
  }
  memory.close();
  return outcomes;
}

const GONE: Incarnation = { bootId: "another boot", pid: 1, startTicks: 0 };

function living(pid: number): Incarnation {
  const incarnation = identify(pid);
  if (incarnation === undefined) throw new Error(`no process ${pid}`);
  return incarnation;
}

function newRunDirectory(former: { total: number; incarnation: Incarnation } | undefined): string {
  const runDirectory = temporaryDirectory();
  mkdirSync(join(runDirectory, "workers", "case"), { recursive: true });
  if (former !== undefined)
    writeBrakeRecord(runDirectory, {
      version: 1,
      worker: "case",
      incarnation: former.incarnation,
      brakesTotal: former.total,
      consecutiveBrakes: 9,
      limit: 10,
      lastBrakeSeconds: 12.5,
      handles: [],
      ending: undefined,
    });
  return runDirectory;
}

/** What the brake reads: /proc and /sys/fs/cgroup, in KiB. The limit is that of the group above the worker's own. */
class Machine {
  readonly proc: string;
  readonly cgroup: string;

  constructor(root: string) {
    this.proc = join(root, "proc");
    this.cgroup = join(root, "cgroup");
    write(join(this.proc, "self", "cgroup"), "0::/above/own\n");
    write(join(this.cgroup, "cgroup.controllers"), "memory\n");
    write(join(this.cgroup, "above", "own", "memory.max"), "max\n");
  }

  show(reading: Reading): void {
    const isBelowZero = typeof reading === "number" && reading < 0;
    const [host, group] = Array.isArray(reading) ? reading : isBelowZero ? [10_000, reading] : [reading, null];
    write(join(this.proc, "meminfo"), `MemTotal: 40000 kB\n${host === null ? "" : `MemAvailable: ${host} kB\n`}`);
    const above = join(this.cgroup, "above");
    write(join(above, "memory.max"), group === null ? "what?\n" : `${1000 * 1024}\n`);
    if (group === null) return;
    // A hundred KiB of the usage is file cache, which the kernel can drop.
    write(join(above, "memory.current"), `${(1000 - group + 100) * 1024}\n`);
    write(join(above, "memory.stat"), `anon 5\ninactive_file ${60 * 1024}\nactive_file ${40 * 1024}\n`);
  }
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
