// One contract for both readers, on real processes of this Linux. What a reader may leave out is written in LEAVES_OUT.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Observing } from "../../../exporter/observing.ts";
import { Observer } from "../../../worker/observer.ts";
import { PortableObserver } from "../../../worker/portable/observer.ts";
import type { TreeReading, WorkerReading } from "../../../worker/reading.ts";
import { signalIncarnation } from "../../../worker/signal.ts";
import type { ManagerSpec, WorkerSpec } from "../../../worker/spec.ts";
import { eventually } from "../../support/eventually.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { floors, MIB, tag } from "../observing.ts";
import { startPython } from "../python.ts";
import { matching, specOf } from "../spec-of.ts";

const READERS = {
  procfs: (specs: readonly WorkerSpec[]): Observing =>
    new Observer({ host: "box", runDirectory: temporaryDirectory(), specs, floors, isDetailed: true }),
  portable: (specs: readonly WorkerSpec[]): Observing =>
    new PortableObserver({ runDirectory: temporaryDirectory(), specs, floors }),
};

const LEAVES_OUT: Record<keyof typeof READERS, readonly (keyof TreeReading)[]> = {
  procfs: [],
  portable: ["threads", "anonymousMemoryBytes", "swapMemoryBytes"],
};
/** Also, CPU time and start come in whole seconds from ps. A process that starts is seen at the latest after so long: the portable reader lists them every 5 s. */
const SEEN_WITHIN_MS = 15_000;

const pidfile = (path: string): ManagerSpec => ({ kind: "observe", locator: { kind: "pidfile", path } });

describe.each(Object.keys(READERS) as (keyof typeof READERS)[])("%s", (reader) => {
  function observing(specs: readonly WorkerSpec[]) {
    const observer = READERS[reader](specs);
    onTestFinished(() => observer.close());
    return async (): Promise<WorkerReading> => {
      const [reading] = (await observer.observe()).workers;
      if (reading === undefined) throw new Error("no worker is configured");
      return reading;
    };
  }

  test("measures a process and its child: memory, age, CPU, and whatever it does not leave out", async () => {
    const name = tag();
    const { root } = await startPython(
      `
block = bytearray(30 << 20)
for at in range(0, len(block), 4096): block[at] = 1
if os.fork() == 0:
    tell("child", os.getpid())
    until = time.process_time() + 1.1
    while time.process_time() < until: pass
    os.write(1, b"busy 0\\n")
    wait()
ready()`,
      { args: [name] },
    );
    const look = observing([specOf({ manager: matching(new RegExp(name)) })]);
    const reading = await eventually(
      async () => {
        const seen = await look();
        return (seen.counters?.cpuSeconds ?? 0) >= 1 && seen.tree?.members.length === 2 && seen;
      },
      { what: "the child's CPU time", within: SEEN_WITHIN_MS },
    );
    expect(reading.presence).toMatchObject({ kind: "up", incarnation: { pid: root.pid } });
    const tree = reading.tree as TreeReading;
    expect(tree.residentMemoryBytes).toBeGreaterThan(40 * MIB);
    expect(tree.residentMemoryBytes).toBeLessThan(120 * MIB);
    expect(tree.residentMemoryPeakBytes).toBeGreaterThanOrEqual(tree.residentMemoryBytes as number);
    expect(Math.abs(tree.startTimeSeconds + tree.ageSeconds - Date.now() / 1000)).toBeLessThan(3);
    expect(tree.ageSeconds).toBeLessThan(60);
    expect(reading.counters?.cpuSeconds).toBeLessThan(10);
    const figures = ["threads", "anonymousMemoryBytes", "swapMemoryBytes"] as const;
    expect(figures.filter((figure) => tree[figure] === undefined)).toEqual(LEAVES_OUT[reader]);
  }, 40_000);

  test("finds by a pid file, sees the end, a zombie's too, and the next process", async () => {
    const path = join(temporaryDirectory(), "worker.pid");
    const look = observing([specOf({ manager: pidfile(path) })]);
    expect((await look()).presence).toEqual({ kind: "down" });
    const { told } = await startPython(`
if os.fork() == 0:
    tell("worker", os.getpid())
    ready()
wait()`);
    const worker = told("worker");
    writeFileSync(path, `${worker.pid}\n`);
    await eventually(async () => (await look()).presence.kind === "up", {
      what: "the worker to be found",
      within: SEEN_WITHIN_MS,
    });
    const { counters } = await look();
    // Nobody waits for it.
    signalIncarnation(worker, "SIGKILL");
    await eventually(async () => (await look()).presence.kind === "down", { what: "the end" });
    const down = await look();
    expect(down).toMatchObject({ presence: { kind: "down" }, tree: undefined });
    expect(down.counters?.cpuSeconds).toBeGreaterThanOrEqual(counters?.cpuSeconds ?? Infinity);
    const next = await startPython("ready()");
    writeFileSync(path, `${next.root.pid}\n`);
    const found = await eventually(
      async () => {
        const { presence } = await look();
        return presence.kind === "up" && presence;
      },
      { what: "the next process", within: SEEN_WITHIN_MS },
    );
    expect(found.incarnation.pid).toBe(next.root.pid);
  }, 60_000);

  test("shares processes out among slots, and calls two for one worker ambiguous", async () => {
    const name = tag();
    const children = [0, 1].map(() => spawn("sleep", ["600"], { argv0: `sleep-${name}`, stdio: "ignore" }));
    onTestFinished(() => {
      for (const child of children) child.kill("SIGKILL");
    });
    await Promise.all(children.map((child) => once(child, "spawn")));
    const cmdline = new RegExp(name);
    const slot = (index: number) => specOf({ name: `t-${index}`, manager: matching(cmdline, { index, count: 3 }) });
    const observer = READERS[reader]([slot(1), slot(2), slot(3), specOf({ name: "one", manager: matching(cmdline) })]);
    onTestFinished(() => observer.close());
    const kinds = async () => (await observer.observe()).workers.map(({ presence }) => presence.kind);
    await eventually(async () => (await kinds()).join() === "up,up,down,ambiguous", {
      what: "the slots to be filled",
      within: SEEN_WITHIN_MS,
    });
    expect(observer.readErrors().get("one")?.get("processes")).toBeGreaterThan(0);
  }, 40_000);

  test("knows the machine's memory", async () => {
    const observer = READERS[reader]([]);
    onTestFinished(() => observer.close());
    const { system } = await observer.observe();
    expect(system.memoryTotalBytes).toBeGreaterThan(256 * MIB);
    expect(system.memoryAvailableBytes).toBeGreaterThan(0);
    expect(system.memoryAvailableBytes).toBeLessThanOrEqual(system.memoryTotalBytes ?? 0);
    expect(system.memoryAvailableCriticalBytes).toBeLessThan(system.memoryAvailableMinBytes ?? 0);
  });
});
