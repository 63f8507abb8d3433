// A worker in a control group of its own, as units and containers are: who belongs to it, and what the kernel counts there.
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { signalIncarnation } from "../../worker/signal.ts";
import { eventually } from "../support/eventually.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { MIB, observing, tag } from "../worker/observing.ts";
import { startPython } from "../worker/python.ts";
import { matching, specOf } from "../worker/spec-of.ts";

const ROOT = "/sys/fs/cgroup";

/** A memory group of this test, v2 or v1. */
function memoryGroup(limitBytes: number): string {
  const isV2 = existsSync(`${ROOT}/cgroup.controllers`);
  const directory = `${isV2 ? ROOT : `${ROOT}/memory`}/pitcrew-test-${process.pid}-${Math.random().toString(36).slice(2)}`;
  if (isV2) writeFileSync(`${ROOT}/cgroup.subtree_control`, "+memory");
  mkdirSync(directory);
  onTestFinished(() =>
    eventually(
      () => {
        try {
          for (const pid of readFileSync(`${directory}/cgroup.procs`, "utf8").split("\n")) {
            if (pid !== "") process.kill(Number(pid), "SIGKILL");
          }
          rmdirSync(directory);
          return true;
        } catch {
          // Its processes are still ending.
          return false;
        }
      },
      { what: `${directory} to be removed` },
    ).then(() => undefined),
  );
  writeFileSync(`${directory}/${isV2 ? "memory.max" : "memory.limit_in_bytes"}`, String(limitBytes));
  // Without swap the limit is one.
  const swap = `${directory}/${isV2 ? "memory.swap.max" : "memory.memsw.limit_in_bytes"}`;
  if (existsSync(swap)) writeFileSync(swap, isV2 ? "0" : String(limitBytes));
  return directory;
}

/** On SIGUSR1 a grandchild leaves session and parent; on SIGUSR2 a child wants more memory than the group may have. */
const SCRIPT = `
def orphan(*_):
    if os.fork() == 0:
        os.setsid()
        middle = os.getpid()
        if os.fork() == 0:
            while os.getppid() == middle: time.sleep(0.01)
            tell("orphan", os.getpid())
            wait()
        os._exit(0)
    os.wait()
def hungry(*_):
    pid = os.fork()
    if pid == 0:
        block = bytearray(400 << 20)
        for at in range(0, len(block), 4096): block[at] = 1
        os._exit(0)
    os.waitpid(pid, 0)
signal.signal(signal.SIGUSR1, orphan)
signal.signal(signal.SIGUSR2, hungry)
with open(sys.argv[2], "w") as procs: procs.write(str(os.getpid()))
own = bytearray(8 << 20)
for at in range(0, len(own), 4096): own[at] = 1
ready()`;

test("an orphan that left the session still counts, and OOM kills in the group are the worker's", async () => {
  const name = tag();
  const directory = memoryGroup(120 * MIB);
  const { root, hears } = await startPython(SCRIPT, { args: [name, `${directory}/cgroup.procs`] });
  const specs = [specOf({ manager: matching(new RegExp(name)) })];
  const observer = observing(specs, temporaryDirectory(), { isDetailed: true });
  const look = async () => {
    const [reading] = (await observer.observe()).workers;
    if (reading?.tree === undefined) throw new Error(`the worker is ${reading?.presence.kind}`);
    return { ...reading, tree: reading.tree };
  };
  const alone = await look();
  expect(alone.tree.members).toEqual([root]);
  expect(alone.tree.cgroupMaxBytes).toBe(120 * MIB);
  expect(alone.tree.cgroupCurrentBytes).toBeGreaterThan(MIB);
  expect(alone.tree.memoryBytes).toBeLessThan(alone.tree.cgroupCurrentBytes as number);
  expect(alone.counters?.oomKills).toBe(0);

  signalIncarnation(root, "SIGUSR1");
  const orphan = await hears("orphan");
  expect((await look()).tree.members).toEqual([root, orphan]);

  signalIncarnation(root, "SIGUSR2");
  await eventually(async () => (await look()).counters?.oomKills === 1, { what: "the OOM kill", within: 60_000 });
  expect((await observer.observe()).system.details?.oomKills).toBeGreaterThan(0);

  signalIncarnation(orphan, "SIGKILL");
  signalIncarnation(root, "SIGKILL");
  const down = await eventually(
    async () => {
      const [reading] = (await observer.observe()).workers;
      return reading?.presence.kind !== "up" && reading;
    },
    { what: "the worker to be down" },
  );
  expect(down.counters?.oomKills).toBe(1);
});
