import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { readSystem, resolveFloors } from "../../worker/system-memory.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const GIB = 1024 ** 3;
const none = { minAvailableBytes: undefined, criticalAvailableBytes: undefined };

describe("the floors", () => {
  test.each([
    ["2 GiB of a large machine, and half of that", none, 64 * GIB, 2 * GIB, GIB],
    ["10 % of a small one, and half of that", none, 10 * GIB, GIB, GIB / 2],
    ["the configured one, and half of it", { ...none, minAvailableBytes: 4 * GIB }, 64 * GIB, 4 * GIB, 2 * GIB],
    ["both as configured", { minAvailableBytes: 4 * GIB, criticalAvailableBytes: GIB }, 64 * GIB, 4 * GIB, GIB],
    ["the critical one alone as configured", { ...none, criticalAvailableBytes: 5 }, 64 * GIB, 2 * GIB, 5],
    ["absent without a total", none, undefined, undefined, undefined],
    ["as configured without a total", { ...none, minAvailableBytes: 8 }, undefined, 8, 4],
  ])("are %s", (_, configured, total, min, critical) => {
    expect(resolveFloors(configured, total)).toEqual({ minAvailableBytes: min, criticalAvailableBytes: critical });
  });
});

const MEMINFO = `MemTotal: ${10 * 1024 * 1024} kB\nMemAvailable: ${6 * 1024 * 1024} kB\n`;
const V1_UNLIMITED = "9223372036854771712\n";

function machine(files: Readonly<Record<string, string>>): ReturnType<typeof readSystem> {
  const root = temporaryDirectory();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return readSystem(none, join(root, "proc"), join(root, "cgroup"));
}

describe("available memory is", () => {
  const v2 = (max: string, current: number, file = 0) => ({
    "proc/meminfo": MEMINFO,
    "cgroup/memory.max": max,
    "cgroup/memory.current": `${current}\n`,
    "cgroup/memory.stat": `anon 1\nshmem 0\ninactive_file ${file}\nactive_file 0\n`,
  });

  test("the host's where nothing limits it: no group, a v2 host, a v1 host", () => {
    const expected = { memoryTotalBytes: 10 * GIB, memoryAvailableBytes: 6 * GIB, memoryAvailableMinBytes: GIB };
    expect(machine({ "proc/meminfo": MEMINFO })).toMatchObject(expected);
    expect(machine({ ...v2("max\n", 5) })).toMatchObject(expected);
    expect(machine({ "proc/meminfo": MEMINFO, "cgroup/memory/memory.limit_in_bytes": V1_UNLIMITED })).toMatchObject(
      expected,
    );
  });

  test("the headroom of the group where that is less; droppable file cache is headroom", () => {
    const expected = {
      memoryTotalBytes: 4 * GIB,
      memoryAvailableBytes: 2 * GIB,
      memoryAvailableMinBytes: Math.floor(0.4 * GIB),
    };
    expect(machine(v2(`${4 * GIB}\n`, 3 * GIB, GIB))).toMatchObject(expected);
    const v1 = machine({
      "proc/meminfo": MEMINFO,
      "cgroup/memory/memory.limit_in_bytes": `${4 * GIB}\n`,
      "cgroup/memory/memory.usage_in_bytes": `${3 * GIB}\n`,
      "cgroup/memory/memory.stat": `total_rss 1\ntotal_shmem 0\ntotal_inactive_file ${GIB}\ntotal_active_file 0\n`,
    });
    expect(v1).toMatchObject(expected);
  });

  test("the host's where the group has more", () => {
    expect(machine(v2(`${9 * GIB}\n`, GIB)).memoryAvailableBytes).toBe(6 * GIB);
  });

  test("never below nothing", () => {
    expect(machine(v2(`${GIB}\n`, GIB + 5)).memoryAvailableBytes).toBe(0);
  });

  test("absent where the group is limited and any part of its headroom is unreadable", () => {
    const { "cgroup/memory.stat": _, ...withoutStat } = v2(`${GIB}\n`, 5);
    expect(machine(withoutStat).memoryAvailableBytes).toBeUndefined();
    const { "cgroup/memory.current": __, ...withoutCurrent } = v2(`${GIB}\n`, 5);
    expect(machine(withoutCurrent).memoryAvailableBytes).toBeUndefined();
    expect(machine(v2("half of it\n", 5)).memoryAvailableBytes).toBeUndefined();
  });

  test("absent where meminfo is unreadable, cut short, or too old to know", () => {
    expect(machine({}).memoryAvailableBytes).toBeUndefined();
    expect(machine({ "proc/meminfo": "MemTotal: 100 kB\nMemAvailable: 5" })).toMatchObject({
      memoryTotalBytes: 102_400,
    });
    expect(machine({ "proc/meminfo": "MemTotal: 100 kB\nMemFree: 5 kB\n" }).memoryAvailableBytes).toBeUndefined();
  });

  test("read from the machine that this runs on", () => {
    const { memoryTotalBytes = 0, memoryAvailableBytes = 0, memoryAvailableMinBytes = 0 } = readSystem(none);
    expect(memoryAvailableBytes).toBeGreaterThan(0);
    expect(memoryAvailableBytes).toBeLessThan(memoryTotalBytes);
    expect(memoryAvailableMinBytes).toBe(Math.floor(Math.min(2 * GIB, memoryTotalBytes / 10)));
  });
});
