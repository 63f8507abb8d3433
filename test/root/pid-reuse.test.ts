// A pid that the kernel gives to another process at once: never a value of the wrong process.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { writePidRecord } from "../../worker/files/pid-record.ts";
import { identify } from "../../worker/identify.ts";
import { PortableObserver } from "../../worker/portable/observer.ts";
import type { WorkerSpec } from "../../worker/spec.ts";
import { eventually } from "../support/eventually.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { floors, MIB, observing, tag } from "../worker/observing.ts";
import { startPython } from "../worker/python.ts";
import { matching, specOf } from "../worker/spec-of.ts";

const LAST_PID = "/proc/sys/kernel/ns_last_pid";

beforeAll(() => {
  if (process.geteuid?.() !== 0) throw new Error("these tests need root: sudo npm run test:root");
  if (!existsSync(LAST_PID)) throw new Error(`these tests need ${LAST_PID}: a kernel with CONFIG_CHECKPOINT_RESTORE`);
});

/** A stranger of 60 MiB gets this very pid; others may be faster, so it tries again and again. */
const TAKE_PID = `
import os, sys, time
wanted = int(sys.argv[1])
for attempt in range(20000):
    with open("${LAST_PID}", "w") as last: last.write(str(wanted - 1))
    pid = os.fork()
    if pid == 0:
        if os.getpid() != wanted: os._exit(0)
        block = bytearray(60 << 20)
        for at in range(0, len(block), 4096): block[at] = 1
        os.write(1, b"taken\\n")
        while True: time.sleep(600)
    if pid == wanted: os.waitpid(pid, 0)
    os.waitpid(pid, 0)
`;

async function giveToStranger(pid: number): Promise<void> {
  const child = spawn("python3", ["-c", TAKE_PID, String(pid)], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => {
    child.kill("SIGKILL");
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It never came to that.
    }
  });
  let told = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    told += text;
  });
  await eventually(() => told.includes("taken"), { what: `pid ${pid} to be given to another process`, within: 60_000 });
}

async function end(child: ChildProcess): Promise<void> {
  const closed = once(child, "close");
  child.kill("SIGKILL");
  await closed;
}

const procfs = (runDirectory: string, specs: readonly WorkerSpec[]) =>
  observing(specs, runDirectory, { isDetailed: true });

test("a worker whose pid is another process' by now is down, however it was found", async () => {
  const directory = temporaryDirectory();
  const name = tag();
  const started = performance.now();
  const worker = spawn("sleep", ["600"], { argv0: name, stdio: "ignore" });
  await once(worker, "spawn");
  const incarnation = identify(worker.pid ?? 0);
  if (incarnation === undefined) throw new Error("the worker has no incarnation");
  writePidRecord(directory, { version: 1, worker: "recorded", incarnation, session: 0, startId: "s" });
  const path = join(directory, "worker.pid");
  writeFileSync(path, `${incarnation.pid}\n`);
  const specs = [
    specOf({ name: "recorded" }),
    specOf({ name: "matched", manager: matching(new RegExp(name)) }),
    specOf({ name: "in-a-file", manager: { kind: "observe", locator: { kind: "pidfile", path } } }),
  ];
  const observer = procfs(directory, specs);
  const portable = new PortableObserver({ runDirectory: directory, specs: specs.slice(1), floors });
  for (const eyes of [observer, portable]) {
    const kinds = (await eyes.observe()).workers.map(({ presence }) => presence);
    expect(kinds.every((it) => it.kind === "up" && it.incarnation.pid === incarnation.pid)).toBe(true);
  }

  // The portable reader tells starts apart by the seconds of ps.
  await eventually(() => performance.now() - started > 4000, { what: "the worker to be four seconds old" });
  await end(worker);
  await giveToStranger(incarnation.pid);
  for (const { presence, tree, counters } of (await observer.observe()).workers) {
    expect({ presence, tree }).toEqual({ presence: { kind: "down" }, tree: undefined });
    expect(counters?.cpuSeconds).toBeLessThan(0.2);
  }
  const [matched] = (await portable.observe()).workers;
  expect(matched?.presence).toEqual({ kind: "down" });
});

test("a member whose pid is a stranger's by now is no member, and adds nothing to memory or CPU", async () => {
  const name = tag();
  const { root, hears } = await startPython(
    `
pid = os.fork()
if pid == 0:
    tell("child", os.getpid())
    wait()
def reap(*_): os.waitpid(pid, 0)
signal.signal(signal.SIGUSR1, reap)
ready()`,
    { args: [name] },
  );
  const child = await hears("child");
  const observer = procfs(temporaryDirectory(), [specOf({ manager: matching(new RegExp(name)) })]);
  const look = async () => (await observer.observe()).workers[0];
  const before = await look();
  expect(before?.tree?.members).toEqual([root, child]);
  process.kill(child.pid, "SIGKILL");
  process.kill(root.pid, "SIGUSR1");
  await eventually(() => identify(child.pid) === undefined && !existsSync(`/proc/${child.pid}`), {
    what: "the child to be gone",
  });
  await giveToStranger(child.pid);
  const after = await look();
  expect(after?.tree?.members).toEqual([root]);
  expect(after?.tree?.residentMemoryBytes).toBeLessThan(50 * MIB);
  expect(after?.counters?.cpuSeconds).toBeGreaterThanOrEqual(before?.counters?.cpuSeconds ?? Infinity);
});
