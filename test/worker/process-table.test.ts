import { describe, expect, test } from "vitest";
import { ProcessTable } from "../../worker/process-table.ts";
import { fixtureProc } from "./fixture-proc.ts";

const [a, b, c] = [5_000_001, 5_000_002, 5_000_003];
const sorted = (pids: readonly number[]) => pids.toSorted((x, y) => x - y);
const look = { uptimeSeconds: 10_000, mustList: true };
const ROTATION = 16;

describe("the table of processes", () => {
  test("tells of each process once, and again of those that are gone", () => {
    const proc = fixtureProc([{ pid: a }, { pid: b }]);
    const table = new ProcessTable(proc.root);
    expect(sorted(table.refresh(look).fresh.map(({ pid }) => pid))).toEqual([1, a, b]);
    proc.put({ pid: c });
    proc.remove(a);
    const change = table.refresh(look);
    expect(change.fresh.map(({ pid }) => pid)).toEqual([c]);
    expect(change.goneOrDead).toEqual([a]);
    expect(table.get(a)).toBeUndefined();
    expect(sorted([...table.entries()].map(({ pid }) => pid))).toEqual([1, b, c]);
  });

  test("tells of a process again and again until it has settled: it may exec", () => {
    const proc = fixtureProc([{ pid: a, startTicks: 999_900 }]);
    const table = new ProcessTable(proc.root);
    expect(table.refresh(look).fresh).toContainEqual(expect.objectContaining({ pid: a, isSettled: false }));
    expect(table.refresh(look).fresh).toMatchObject([{ pid: a, isSettled: false }]);
    expect(table.refresh({ ...look, uptimeSeconds: 10_002 }).fresh).toMatchObject([{ pid: a, isSettled: true }]);
    expect(table.refresh({ ...look, uptimeSeconds: 10_003 }).fresh).toEqual([]);
  });

  test("notices in the course of its rounds that a settled process has another name, or that its pid is another one's", () => {
    const proc = fixtureProc([{ pid: a }, { pid: b }]);
    const table = new ProcessTable(proc.root);
    table.refresh(look);
    proc.put({ pid: a, comm: "exec'd" });
    proc.put({ pid: b, startTicks: 700 });
    const changes = Array.from({ length: ROTATION }, () => table.refresh(look));
    expect(sorted(changes.flatMap(({ fresh }) => fresh.map(({ pid }) => pid)))).toEqual([a, b]);
    expect(changes.filter(({ hasReplaced }) => hasReplaced)).toHaveLength(1);
    expect(changes.flatMap(({ goneOrDead }) => goneOrDead)).toEqual([b]);
    expect(table.get(b)?.startTicks).toBe(700);
  });

  test("reads everything again when asked to", () => {
    const proc = fixtureProc([{ pid: a, ppid: b }, { pid: b }]);
    const table = new ProcessTable(proc.root);
    table.refresh(look);
    proc.put({ pid: a, ppid: 1 });
    expect(table.refresh({ ...look, rereadAll: true }).fresh).toEqual([]);
    expect(table.get(a)?.ppid).toBe(1);
  });

  test("counts zombies among the dead", () => {
    const proc = fixtureProc([{ pid: a, state: "Z" }, { pid: b }]);
    const table = new ProcessTable(proc.root);
    expect(table.refresh(look).fresh.map(({ pid }) => pid)).not.toContain(a);
    expect(table.get(a)).toBeUndefined();
    proc.put({ pid: b, state: "Z" });
    expect(table.refresh({ ...look, rereadAll: true }).goneOrDead).toEqual([b]);
  });

  test("leaves out what it cannot parse", () => {
    const proc = fixtureProc([{ pid: a }]);
    proc.write(`${a}/stat`, "5000001 (x) S 1");
    const table = new ProcessTable(proc.root);
    expect(table.refresh(look).fresh.map(({ pid }) => pid)).toEqual([1]);
  });

  test("is incomplete where processes are hidden or /proc is missing", () => {
    const proc = fixtureProc([{ pid: a }]);
    proc.remove(1);
    expect(new ProcessTable(proc.root).refresh(look).isComplete).toBe(false);
    expect(new ProcessTable("/nonexistent").refresh(look).isComplete).toBe(false);
    expect(new ProcessTable("/proc").refresh(look).isComplete).toBe(true);
  });
});
