import { describe, expect, test } from "vitest";
import { readBootId, readUptimeSeconds } from "../../worker/boot.ts";
import { identify, isAlive } from "../../worker/identify.ts";
import { incarnationKey, sameIncarnation } from "../../worker/incarnation.ts";
import { signalIncarnation } from "../../worker/signal.ts";
import { eventually } from "../support/eventually.ts";
import { BOOT_ID, fixtureProc } from "./fixture-proc.ts";
import { startPython } from "./python.ts";

describe("an incarnation", () => {
  test("is the boot, the pid and the start of a process that lives", () => {
    const self = identify(process.pid);
    expect(self).toMatchObject({ pid: process.pid, bootId: readBootId() });
    const age = (readUptimeSeconds() ?? 0) - (self?.startTicks ?? 0) / 100;
    expect(Math.abs(age - process.uptime())).toBeLessThan(5);
    expect(self && isAlive(self)).toBe(true);
  });

  test.each([0, -1, 1.5, Number.NaN, 4_194_305])("is not behind pid %d", (pid) => {
    expect(identify(pid)).toBeUndefined();
  });

  test("has a key of its own", () => {
    const a = { bootId: "b", pid: 1, startTicks: 23 };
    const b = { bootId: "b", pid: 12, startTicks: 3 };
    expect(incarnationKey(a)).not.toBe(incarnationKey(b));
    expect(sameIncarnation(undefined, undefined)).toBe(false);
  });

  test("is dead as a zombie, though kill(2) would call it alive", async () => {
    const { told } = await startPython(`
child = os.fork()
if child == 0: wait()
tell("child", child)
ready()`);
    const child = told("child");
    expect(isAlive(child)).toBe(true);
    expect(signalIncarnation(child, "SIGKILL")).toEqual({ kind: "sent" });
    await eventually(() => !isAlive(child), { what: "the child's death" });
    // Its parent never waits for it: the pid still exists.
    expect(() => process.kill(child.pid, 0)).not.toThrow();
    expect(identify(child.pid)).toBeUndefined();
    expect(signalIncarnation(child, "SIGKILL")).toEqual({ kind: "gone" });
  });

  test("lives on when its first thread has ended and another one works", async () => {
    const { root } = await startPython(`
import ctypes, threading
threading.Thread(target=ready).start()
ctypes.CDLL(None).pthread_exit(None)`);
    await eventually(() => isAlive(root), { what: "the process to be seen alive" });
    expect(identify(root.pid)).toEqual(root);
  });

  test("ends when its pid is another process's, or its boot is over", () => {
    const pid = 5_000_001;
    const proc = fixtureProc([{ pid, startTicks: 500 }]);
    const first = { bootId: BOOT_ID, pid, startTicks: 500 };
    expect(identify(pid, proc.root)).toEqual(first);
    expect(isAlive(first, proc.root)).toBe(true);
    proc.put({ pid, startTicks: 900 });
    expect(isAlive(first, proc.root)).toBe(false);
    proc.put({ pid, startTicks: 500 });
    proc.write("sys/kernel/random/boot_id", "5e6f7a80-0000-4000-8000-000000000002\n");
    expect(isAlive(first, proc.root)).toBe(false);
  });

  test("cannot be told where boot id or stat are unreadable", () => {
    const pid = 5_000_001;
    const proc = fixtureProc([{ pid }]);
    proc.write(`${pid}/stat`, "5000001 (cut sho");
    expect(identify(pid, proc.root)).toBeUndefined();
    proc.put({ pid });
    proc.write("sys/kernel/random/boot_id", "");
    expect(identify(pid, proc.root)).toBeUndefined();
  });
});

describe("a signal", () => {
  test("reaches the incarnation that was meant", async () => {
    const { root, child } = await startPython("ready()");
    const exit = new Promise((resolve) => child.once("exit", (_, signal) => resolve(signal)));
    expect(signalIncarnation(root, "SIGTERM")).toEqual({ kind: "sent" });
    expect(await exit).toBe("SIGTERM");
    expect(signalIncarnation(root, "SIGTERM")).toEqual({ kind: "gone" });
  });

  test("does not reach another process with the same pid", async () => {
    const { root } = await startPython("ready()");
    expect(signalIncarnation({ ...root, startTicks: root.startTicks - 1 }, "SIGKILL")).toEqual({ kind: "gone" });
    expect(signalIncarnation({ ...root, bootId: BOOT_ID }, "SIGKILL")).toEqual({ kind: "gone" });
    expect(isAlive(root)).toBe(true);
  });

  test.each([1, 0, -1, -1000, Number.NaN, 2.5])("is never sent to pid %d", (pid) => {
    const bootId = readBootId() ?? "";
    const startTicks = identify(pid)?.startTicks ?? 0;
    expect(signalIncarnation({ bootId, pid, startTicks }, "SIGTERM")).toMatchObject({ kind: "failed" });
  });

  test("is never sent to ourselves", () => {
    const self = identify(process.pid);
    expect(self && signalIncarnation(self, "SIGTERM")).toEqual({
      kind: "failed",
      message: "refusing to send SIGTERM to pitcrew itself",
    });
  });
});
