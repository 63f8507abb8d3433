// How a Python worker leaves at its limit: always with 42, whatever stands in the way.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { isRunning } from "../../support/pitcrew.ts";
import { createPlace, runBraked, scriptOf } from "./python-brake.ts";

describe("at its limit a worker leaves with 42", () => {
  test("from the main thread: handlers run, output is flushed, the record and the log say why", async () => {
    const place = createPlace();
    const { code, stdout, stderr } = await runBraked(
      `atexit.register(print, "handler ran")
sys.stdout.write("unflushed ")
brake_until_the_end(low())`,
      place,
    );
    expect(code).toBe(42);
    expect(stdout).toBe("unflushed handler ran\n");
    const record = place.record();
    expect(record).toMatchObject({ brakes_total: 10, consecutive_brakes: 10, limit: 10 });
    expect(record.ending?.reason).toBe("brake_limit");
    expect(record.handles).toEqual(["relief", "drain"]);
    const lines = stderr.trimEnd().split("\n");
    expect(lines.filter((line) => line.includes("EMERGENCY BRAKE: Trial (test) killed (brake #"))).toHaveLength(10);
    expect(lines.slice(-5)).toEqual([
      "🚨🚨🚨 CRITICAL: WORKER RESTART REQUIRED 🚨🚨🚨",
      "Emergency brake fired 10 times consecutively",
      expect.stringMatching(/^Memory stuck at: \d+\.\d\d GB \/ \d+\.\d\d GB \(\d+\.\d%\)$/),
      "WORKER PROCESS WILL EXIT - Watchdog will restart it",
      `Exiting worker process (PID ${record.pid}) with exit code 42...`,
    ]);
  });

  test("from another thread: the main thread is woken out of its wait, and its handlers run", async () => {
    const { code, stdout } = await runBraked(
      `atexit.register(print, "handler ran")
brake = low()
threading.Thread(target=brake_until_the_end, args=(brake,)).start()
try:
    threading.Event().wait()
finally:
    print("main unwound")`,
      createPlace(),
    );
    expect({ code, stdout }).toEqual({ code: 42, stdout: "main unwound\nhandler ran\n" });
  });

  test("from another thread, when the brake was created outside of the main thread", async () => {
    const { code } = await runBraked(
      `def work(): brake_until_the_end(low(grace=0.2))
threading.Thread(target=work).start()
while True: time.sleep(0.01)`,
      createPlace(),
    );
    expect(code).toBe(42);
  });

  test("when a bare except swallows it, by the grace thread, which ends the children too", async () => {
    const { code, stdout } = await runBraked(
      `child = subprocess.Popen(["sleep", "600"], stdout=subprocess.DEVNULL, start_new_session=True)
print(child.pid, flush=True)
brake = low(grace=0.3)
while True:
    try:
        brake.check()
    except:
        pass`,
      createPlace(),
    );
    expect(code).toBe(42);
    await eventually(() => !isRunning(Number(stdout)), { what: "the child to be gone" });
  });

  test("when a thread never ends, by the grace thread", async () => {
    const { code } = await runBraked(
      `threading.Thread(target=threading.Event().wait).start()
brake_until_the_end(low(grace=0.3))`,
      createPlace(),
    );
    expect(code).toBe(42);
  });

  test.each(["fork", "spawn"])("when children of multiprocessing (%s) would be waited for", async (method) => {
    const { code, stdout } = await runBraked(
      `import multiprocessing
if __name__ == "__main__":
    context = multiprocessing.get_context("${method}")
    child = context.Process(target=time.sleep, args=(600,))
    child.start()
    print(child.pid, flush=True)
    brake_until_the_end(low())`,
      createPlace(),
    );
    expect(code).toBe(42);
    expect(isRunning(Number(stdout))).toBe(false);
  });

  test.each([
    ["a full disk", "/dev/full"],
    ["a pipe that nobody reads any more", undefined],
  ])("when its output goes to %s", async (_, file) => {
    const descriptor = file === undefined ? undefined : openSync(file, "w");
    const child = spawn(
      "python3",
      ["-c", scriptOf(`atexit.register(print, "more")\nprint("lost")\nsys.stdin.read()\nbrake_until_the_end(low())`)],
      { env: createPlace().environment, stdio: ["pipe", descriptor ?? "pipe", "ignore"] },
    );
    const exited = once(child, "exit");
    if (descriptor !== undefined) closeSync(descriptor);
    child.stdout?.destroy();
    child.stdin?.end();
    expect(await exited).toEqual([42, null]);
  });

  test("and the call that scripts have made so far does the same", async () => {
    const place = createPlace();
    const { code, stderr } = await runBraked(
      `import pitcrew_brake
pitcrew_brake._default = low()
class Study:
    def tell(self, trial, state): print(trial.number, state)
for number in range(9):
    try:
        check_memory(number, "split 2", safe_threshold_gb=1 << 30, consecutive_brake_limit=3)
    except TrialKilled as killed:
        print(killed)`,
      place,
    );
    expect(code).toBe(42);
    expect(stderr).toContain("Trial #1 (split 2) killed (brake #2)");
    expect(place.record()).toMatchObject({ brakes_total: 3, limit: 3 });
  });
});

describe("nothing of it", () => {
  test("happens in children, forked, spawned or executed: they raise, write nothing and never leave with 42", async () => {
    const place = createPlace();
    const child = `import os
from pitcrew_brake import Brake, TrialKilled
brake = Brake(threshold=1 << 60, spacing=0, jitter=0, limit=2)
for _ in range(5):
    try:
        brake.check()
        os._exit(1)
    except TrialKilled:
        pass
os._exit(7)`;
    const { code, stdout, stderr } = await runBraked(
      `import multiprocessing
child = ${JSON.stringify(child)}
brake = low(limit=2)
before = record()
forked = os.fork()
if forked == 0:
    for _ in range(5):
        try:
            brake.check()
            os._exit(1)
        except TrialKilled:
            pass
    os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(forked, 0)[1]))
print(subprocess.run([sys.executable, "-c", child]).returncode)
bare = {name: os.environ[name] for name in ("PITCREW_WORKER", "PITCREW_RUN_DIRECTORY", "PYTHONPATH", "PATH")}
print(subprocess.run([sys.executable, "-c", child], env=bare).returncode)
spawned = multiprocessing.get_context("spawn").Process(target=exec, args=(child, {}))
spawned.start()
spawned.join()
print(spawned.exitcode)
print(record() == before)
try:
    brake.check()
except TrialKilled:
    print(record()["brakes_total"], record()["pid"] == os.getpid())`,
      place,
    );
    expect(stderr).not.toContain("Traceback");
    expect(stdout).toBe("7\n7\n7\n7\nTrue\n1 True\n");
    expect(code).toBe(0);
  });

  test("deadlocks when a handler checks in the middle of a check, and a thread holds the lock at a fork", async () => {
    const { code, stdout } = await runBraked(
      `brake = low(limit=0)
def handle(*_):
    try: brake.check(context="handler")
    except TrialKilled: pass
def interrupt(*_):
    handle()
    signal.setitimer(signal.ITIMER_REAL, 0.002)
signal.signal(signal.SIGALRM, interrupt)
signal.setitimer(signal.ITIMER_REAL, 0.002)
done = threading.Event()
def thread():
    while not done.is_set(): handle()
threading.Thread(target=thread).start()
for _ in range(15):
    handle()
    child = os.fork()
    if child == 0:
        handle()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
signal.signal(signal.SIGALRM, signal.SIG_IGN)
done.set()
print("through")`,
      createPlace(),
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: "through\n" });
  });
});
