import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Limits } from "../../../worker/spec.ts";
import { chooseMethod, measureMemory } from "../../../worker/tree/measure.ts";
import { findOwnCgroup } from "../../../worker/tree/own-cgroup.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { fixtureProc } from "../fixture-proc.ts";

const limits: Limits = { measure: "auto", ageJitter: 0, consecutiveBrakes: 10, memoryBytes: 1000 };
const tree = { limits, residentBytes: 900, processes: 3, cgroup: undefined };

const GROUP = { heldBytes: () => 5 };

describe("memory is measured", () => {
  test.each([
    ["by the group of its own, if it has one", { ...tree, cgroup: GROUP }, "cgroup"],
    ["by RSS for a lone process", { ...tree, processes: 1 }, "rss"],
    ["by PSS for a tree above half its limit", tree, "pss"],
    ["by RSS for a tree at half its limit", { ...tree, residentBytes: 500 }, "rss"],
    [
      "by PSS for a tree above half its relief limit",
      { ...tree, residentBytes: 201, limits: { ...limits, memoryReliefBytes: 400 } },
      "pss",
    ],
    [
      "by RSS for a tree without limits",
      { ...tree, limits: { measure: "auto", ageJitter: 0, consecutiveBrakes: 1 } },
      "rss",
    ],
    ["by RSS, which is absent, where RSS is unreadable", { ...tree, residentBytes: undefined }, "rss"],
    ["as configured: rss", { ...tree, cgroup: GROUP, limits: { ...limits, measure: "rss" } }, "rss"],
    ["as configured: pss", { ...tree, residentBytes: 1, limits: { ...limits, measure: "pss" } }, "pss"],
    ["as configured: cgroup", { ...tree, limits: { ...limits, measure: "cgroup" } }, "cgroup"],
  ] as const)("%s", (_, facts, method) => {
    expect(chooseMethod(facts)).toBe(method);
  });

  test("and is absent, with its source, where that method fails: no other one takes its place", async () => {
    const unreadable = () => Promise.resolve({ kind: "unreadable" } as const);
    expect(await measureMemory(tree, unreadable)).toEqual({ kind: "absent", source: "pss" });
    expect(await measureMemory({ ...tree, cgroup: { heldBytes: () => undefined } }, unreadable)).toEqual({
      kind: "absent",
      source: "cgroup",
    });
    const byGroup = { ...tree, limits: { ...limits, measure: "cgroup" } as const };
    expect(await measureMemory(byGroup, unreadable)).toEqual({ kind: "absent", source: "cgroup" });
    expect(await measureMemory({ ...tree, residentBytes: undefined }, unreadable)).toEqual({
      kind: "absent",
      source: "memory",
    });
  });
});

const pid = 5_000_001;
const STAT = "anon 100\nshmem 10\ninactive_file 1\nactive_file 1\n";

interface GroupOptions {
  worker: string;
  daemon: string;
  procs?: readonly number[];
  unit?: string;
  directory?: string;
  stat?: string;
  isV2?: boolean;
}

/** Where the worker's own group is found, relative to the mount. */
function ownGroup({
  worker,
  daemon,
  procs = [pid],
  unit,
  directory,
  stat = STAT,
  isV2 = true,
}: GroupOptions): string | undefined {
  const proc = fixtureProc([{ pid, cgroup: worker }]);
  proc.write("self/cgroup", daemon);
  const cgroupRoot = temporaryDirectory();
  if (isV2) writeFileSync(join(cgroupRoot, "cgroup.controllers"), "memory\n");
  if (directory !== undefined) {
    mkdirSync(join(cgroupRoot, directory), { recursive: true });
    writeFileSync(join(cgroupRoot, directory, "memory.stat"), stat);
    writeFileSync(join(cgroupRoot, directory, "cgroup.procs"), procs.map((it) => `${it}\n`).join(""));
  }
  const found = findOwnCgroup({ pid, isOurs: (it) => it === pid, unit, procRoot: proc.root, cgroupRoot });
  return found?.slice(cgroupRoot.length);
}

describe("a control group is a worker's own", () => {
  const v2 = { worker: "0::/w.scope\n", daemon: "0::/pitcrew.service\n", directory: "w.scope" };

  test("if it holds the worker's processes and nobody else's: v2, v1, hybrid", () => {
    expect(ownGroup(v2)).toBe("/w.scope");
    expect(ownGroup({ ...v2, directory: "unified/w.scope", isV2: false })).toBe("/unified/w.scope");
    const v1Stat = "total_rss 5\ntotal_shmem 1\n";
    expect(
      ownGroup({
        worker: "4:memory:/w\n0::/\n",
        daemon: "4:memory:/\n0::/\n",
        directory: "memory/w",
        stat: v1Stat,
        isV2: false,
      }),
    ).toBe("/memory/w");
  });

  test("not if a stranger is in it, unless it is the worker's unit", () => {
    expect(ownGroup({ ...v2, procs: [pid, 77] })).toBeUndefined();
    expect(ownGroup({ ...v2, procs: [pid, 77], unit: "w.scope" })).toBe("/w.scope");
    expect(ownGroup({ ...v2, worker: "0::/w.scope/inner/most\n", procs: [77], unit: "w.scope" })).toBe("/w.scope");
    expect(ownGroup({ ...v2, procs: [pid, 77], unit: "other.scope" })).toBeUndefined();
  });

  test("not if it is the daemon's, or around the daemon's, or the root", () => {
    expect(ownGroup({ ...v2, daemon: "0::/w.scope\n" })).toBeUndefined();
    expect(ownGroup({ ...v2, daemon: "0::/w.scope/inner\n" })).toBeUndefined();
    expect(ownGroup({ ...v2, daemon: "0::/w.scope-2\n" })).toBe("/w.scope");
    expect(ownGroup({ ...v2, worker: "0::/\n", directory: "." })).toBeUndefined();
  });

  test("not if it is outside of our view, unreadable, or without the figures", () => {
    expect(ownGroup({ ...v2, worker: "0::/../sibling\n" })).toBeUndefined();
    const { directory: _, ...invisible } = v2;
    expect(ownGroup(invisible)).toBeUndefined();
    expect(ownGroup({ ...v2, stat: "anon 1\n" })).toBeUndefined();
    expect(ownGroup({ ...v2, worker: "" })).toBeUndefined();
    expect(ownGroup({ ...v2, daemon: "" })).toBeUndefined();
  });
});
