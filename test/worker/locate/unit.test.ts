// Workers that systemd runs: found by their control group, the main process by systemd's own word.
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { parseShow, type UnitState } from "../../../worker/locate/show-units.ts";
import { Observer } from "../../../worker/observer.ts";
import type { Presence } from "../../../worker/reading.ts";
import type { ManagerSpec } from "../../../worker/spec.ts";
import { eventually } from "../../support/eventually.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { BOOT_ID, type FixtureProcess, fixtureProc } from "../fixture-proc.ts";
import { specOf, supervised } from "../spec-of.ts";

const unit = "encoder@1.service";
const [a, b, c] = [5_000_001, 5_000_002, 5_000_003];
/** After the fixture's uptime. */
const LATER = 1_000_050;
const up = (pid: number, startTicks = 500): Presence => ({
  kind: "up",
  incarnation: { bootId: BOOT_ID, pid, startTicks },
});

/** A machine whose manager keeps its units below `prefix`, and says what `says` says. */
function machine({
  hierarchy = "",
  prefix = "",
  group = "system.slice/system-encoder.slice",
  manager = { kind: "systemd", unit } as ManagerSpec,
} = {}) {
  const proc = fixtureProc();
  const cgroupRoot = join(temporaryDirectory(), "cgroup");
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(cgroupRoot, path)), { recursive: true });
    writeFileSync(join(cgroupRoot, path), text);
  };
  if (hierarchy === "") write("cgroup.controllers", "memory\n");
  write(`${hierarchy}${prefix}/cgroup.procs`, "");
  const lines = (path: string) => (hierarchy === "systemd" ? `1:name=systemd:${path}\n` : `0::${path}\n`);
  proc.write("1/cgroup", lines(`${prefix}/init.scope`));
  const path = `${prefix}/${group}/${unit}`;
  const asked: string[][] = [];
  let says: UnitState | undefined;
  const observer = new Observer({
    host: "box",
    runDirectory: temporaryDirectory(),
    specs: [specOf({ manager })],
    floors: { minAvailableBytes: undefined, criticalAvailableBytes: undefined },
    procRoot: proc.root,
    cgroupRoot,
    async showUnits(units) {
      asked.push([...units]);
      await Promise.resolve();
      return says === undefined ? undefined : new Map(units.map((it) => [it, says as UnitState]));
    },
  });
  onTestFinished(() => observer.close());
  return {
    proc,
    observer,
    asked,
    cgroupRoot,
    answer: (state: UnitState | undefined) => {
      says = state;
    },
    /** The unit's processes from now on. */
    run: (processes: readonly FixtureProcess[], below = "") => {
      for (const process of processes) proc.put({ cgroup: lines(path + below), ...process });
      write(`${hierarchy}${path}${below}/cgroup.procs`, processes.map(({ pid }) => `${pid}\n`).join(""));
    },
    stop: () => {
      rmSync(join(cgroupRoot, hierarchy, path), { recursive: true });
    },
    presence: async () => (await observer.observe()).workers[0]?.presence,
    members: async () => (await observer.observe()).workers[0]?.tree?.members.map(({ pid }) => pid),
  };
}

describe("a unit's worker", () => {
  test.each([
    ["v2", {}],
    ["v1 or a hybrid", { hierarchy: "systemd" }],
    ["a manager that is not at the root", { prefix: "/docker/abc" }],
    ["a slice of one's own", { group: "train.slice/train-gpu.slice" }],
    [
      "a user's own service manager",
      { group: "user.slice/user-0.slice/user@0.service/app.slice", manager: { kind: "systemd", unit, user: "root" } },
    ],
    ["a supervised worker's unit, whatever a shim has recorded", { manager: { ...supervised(), unit } }],
  ] as const)("is found in its control group: %s", async (_, options) => {
    const { run, presence, members, stop } = machine(options);
    expect(await presence()).toEqual({ kind: "down" });
    run([
      { pid: b, startTicks: 600 },
      { pid: c, startTicks: 610, ppid: b },
      { pid: a, startTicks: 700 },
    ]);
    expect(await presence()).toEqual(up(b, 600));
    // Whoever is in the group belongs to the worker, orphans included.
    expect((await members())?.sort()).toEqual([a, b, c]);
    stop();
    // A descriptor of a real process would have said by itself that it is gone; a file's does not.
    expect(await presence()).toEqual(up(b, 600));
  });

  test("is neither up nor down where no hierarchy can be seen, which is counted", async () => {
    const { presence, cgroupRoot, observer } = machine();
    rmSync(cgroupRoot, { recursive: true });
    expect(await presence()).toEqual({ kind: "unknown", source: "cgroup" });
    expect(observer.readErrors().get("train-1")?.get("cgroup")).toBe(1);
  });

  test("is not the same unit of another service manager", async () => {
    const { run, presence } = machine({ group: "user.slice/user-0.slice/user@0.service/app.slice" });
    run([{ pid: a }]);
    expect(await presence()).toEqual({ kind: "down" });
  });

  test("takes in what appears in its group, or in one inside of it, later", async () => {
    const { proc, run, members } = machine();
    run([{ pid: a }]);
    expect(await members()).toEqual([a]);
    proc.put({ pid: b, session: b, cgroup: `0::/system.slice/system-encoder.slice/${unit}/inner\n` });
    proc.put({ pid: c, cgroup: "0::/system.slice/other.service\n" });
    expect(await members()).toEqual([a, b]);
  });
});

describe("systemd's word", () => {
  test("makes another process the main one, by the next look, and is asked once for the same processes", async () => {
    const { run, answer, presence, asked } = machine();
    run([
      { pid: a, startTicks: 500 },
      { pid: b, startTicks: 600 },
    ]);
    answer({ mainPid: b, activeState: "active" });
    expect(await presence()).toEqual(up(a));
    await eventually(async () => (await presence())?.kind === "up" && asked.length === 1, { what: "the question" });
    for (let look = 0; look < 5; look++) expect(await presence()).toEqual(up(b, 600));
    expect(asked).toEqual([[unit]]);
  });

  test("is waited for by whoever is about to act", async () => {
    const { run, answer, observer } = machine();
    run([
      { pid: a, startTicks: 500 },
      { pid: b, startTicks: 600 },
    ]);
    answer({ mainPid: b, activeState: "active" });
    expect((await observer.observeWorker("train-1"))?.presence).toEqual(up(b, 600));
  });

  test("that nothing runs makes leftovers nobody's worker, until a new process starts among them", async () => {
    const { proc, run, answer, presence } = machine();
    run([{ pid: a }]);
    answer({ mainPid: undefined, activeState: "failed" });
    await presence();
    expect(await presence()).toEqual({ kind: "down" });
    proc.put({ pid: b, startTicks: LATER });
    run([{ pid: a }, { pid: b, startTicks: LATER }]);
    answer({ mainPid: b, activeState: "active" });
    expect(await presence()).toEqual(up(b, LATER));
    expect(await presence()).toEqual(up(b, LATER));
  });

  test("of a unit that is active without a main process leaves the oldest one in place", async () => {
    const { run, answer, presence, asked } = machine();
    run([{ pid: a }, { pid: b, startTicks: 600 }]);
    answer({ mainPid: undefined, activeState: "active" });
    for (let look = 0; look < 4; look++) expect(await presence()).toEqual(up(a));
    expect(asked).toHaveLength(1);
  });

  test("is not needed: without it the oldest process is the main one", async () => {
    const { run, presence } = machine();
    run([{ pid: a }]);
    for (let look = 0; look < 3; look++) expect(await presence()).toEqual(up(a));
  });
});

describe("the answer of systemctl", () => {
  const block = (mainPid: number, state: string) => `MainPID=${mainPid}\nActiveState=${state}\n`;

  test("is a block per unit, in the order asked for", () => {
    expect(parseShow(`${block(7, "active")}\n${block(0, "inactive")}`, ["a.service", "b.service"])).toEqual(
      new Map([
        ["a.service", { mainPid: 7, activeState: "active" }],
        ["b.service", { mainPid: undefined, activeState: "inactive" }],
      ]),
    );
  });

  test("with a block too few, or half of one, is no answer", () => {
    expect(parseShow(block(7, "active"), ["a.service", "b.service"])).toBeUndefined();
    expect(parseShow("MainPID=7\n", ["a.service"])).toBeUndefined();
    expect(parseShow("", ["a.service"])).toBeUndefined();
    fc.assert(fc.property(fc.string(), (text) => void parseShow(text, ["a.service"])));
  });
});

test("a systemctl that cannot answer is no answer", async () => {
  const { showUnits } = await import("../../../worker/locate/show-units.ts");
  const isManager = (() => {
    try {
      execFileSync("systemctl", ["show", "--property=Version"], { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  })();
  const states = await showUnits(["no-such-unit-of-pitcrew.service"]);
  expect(states?.get("no-such-unit-of-pitcrew.service")).toEqual(
    isManager ? { mainPid: undefined, activeState: "inactive" } : undefined,
  );
});
