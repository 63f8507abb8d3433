// The record of the Python brake, and what pitcrew asks of it through the run directory.
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readBrakeRecord } from "../../../worker/files/brake-record.ts";
import { createPlace, runBraked } from "./python-brake.ts";

describe("the record", () => {
  test("is written at the start and is one that pitcrew reads", async () => {
    const place = createPlace();
    const { code } = await runBraked("Brake(threshold=1)", place);
    expect(code).toBe(0);
    const read = readBrakeRecord(place.runDirectory, "w");
    expect(read).toMatchObject({
      kind: "ok",
      value: { brakesTotal: 0, consecutiveBrakes: 0, limit: 10, handles: ["relief", "drain"], ending: undefined },
    });
  });

  test("is not written by checks that do not brake", async () => {
    const { stdout } = await runBraked(
      `brake = Brake(threshold=1)
path = os.environ["PITCREW_RUN_DIRECTORY"] + "/workers/w/brake"
before = os.stat(path)
for _ in range(1000): brake.check()
after = os.stat(path)
print(before.st_ino == after.st_ino and before.st_mtime_ns == after.st_mtime_ns)`,
      createPlace(),
    );
    expect(stdout).toBe("True\n");
  });

  test("keeps the total over a restart, with the streak at 0", async () => {
    const place = createPlace();
    const once = "brake = low()\nfor _ in range(3):\n    try: brake.check()\n    except TrialKilled: pass";
    await runBraked(once, place);
    const first = place.record();
    expect(first).toMatchObject({ brakes_total: 3, consecutive_brakes: 3 });
    await runBraked("low()", place);
    expect(place.record()).toMatchObject({ brakes_total: 3, consecutive_brakes: 0, last_brake: first.last_brake });
    await runBraked(once, place);
    expect(place.record()).toMatchObject({ brakes_total: 6, consecutive_brakes: 3 });
  });

  test("names the limit that pitcrew.yml sets, unless the script's own call sets one", async () => {
    const place = createPlace();
    place.environment.PITCREW_CONSECUTIVE_BRAKES = "5";
    await runBraked("Brake()", place);
    expect(place.record().limit).toBe(5);
    await runBraked("Brake(limit=7)", place);
    expect(place.record().limit).toBe(7);
  });

  test.each([
    ["the disk is full", "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))", false],
    ["its directory is none", "", true],
  ])("may fail when %s: training goes on, with one warning", async (_, before, isFile) => {
    const place = createPlace();
    if (isFile) {
      rmSync(place.corner, { recursive: true });
      writeFileSync(place.corner, "");
    }
    const { code, stdout, stderr } = await runBraked(
      `${before}
brake = low(limit=0)
for _ in range(5):
    try: brake.check()
    except TrialKilled: pass
os.write(1, str(brake.brakes_total).encode())`,
      place,
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: "5" });
    expect(stderr.split("\n").filter((line) => line.includes("training goes on"))).toHaveLength(1);
  });

  test("that is garbage is replaced, not believed", async () => {
    const place = createPlace();
    for (const garbage of ["", "{", "[]", '{"version":1,"worker":"w","brakes_total":-4}', "x".repeat(5000)]) {
      writeFileSync(join(place.corner, "brake"), garbage);
      const { code } = await runBraked("Brake(threshold=1)", place);
      expect(code).toBe(0);
      expect(place.record().brakes_total).toBe(0);
    }
  });
});

/** Writes a request to this very process as the remediator does. */
const REQUEST = `
import itertools

def request(kind, identity, **changes):
    own = record()
    wanted = {key: own[key] for key in ("version", "worker", "pid", "start_ticks", "boot_id")}
    wanted.update(kind=kind, id=identity, at=time.time())
    wanted.update(changes)
    directory = os.environ["PITCREW_RUN_DIRECTORY"]
    with open(directory + "/next", "w") as file: json.dump(wanted, file)
    os.rename(directory + "/next", directory + "/w.request")

# A second between any two looks, as in a worker whose units take their time.
unhurried = itertools.count().__next__
`;

describe("relief", () => {
  test("runs the registered callbacks once per request, and measures what the process gave back", async () => {
    const place = createPlace();
    const { code, stdout, stderr } = await runBraked(
      `${REQUEST}
import types
sys.modules["torch"] = types.SimpleNamespace(cuda=types.SimpleNamespace(empty_cache=lambda: print("GPU cache emptied")))
brake = Brake(threshold=1, clock=unhurried)
held = [os.urandom(1 << 20) for _ in range(48)]
@brake.on_relief
def clear():
    print("cleared", len(held))
    held.clear()
@brake.on_relief
def broken(): raise ValueError("no")
request("relief", "first", pid=1)
brake.check()
request("relief", "second")
brake.check()
brake.check()
print(record()["last_relief"]["request"], record()["last_relief"]["freed_bytes"] > 40 << 20)`,
      place,
    );
    expect(code).toBe(0);
    expect(stderr).toContain("a relief callback failed: ValueError('no')");
    expect(stdout).toBe("cleared 48\nGPU cache emptied\nsecond True\n");
  });
});

describe("drain", () => {
  test("checkpoints at the next boundary and leaves with 42, and only if this very process was asked", async () => {
    const place = createPlace();
    const { code, stdout } = await runBraked(
      `${REQUEST}
atexit.register(print, "handler ran")
brake = Brake(threshold=1, clock=unhurried, on_checkpoint=lambda: print("checkpoint"))
for number in range(9):
    if number == 1: request("drain", "another's", start_ticks=1)
    if number == 2: request("pause", "not known here")
    if number == 3: request("drain", "ours")
    brake.check(context="number %d" % number)
    print("did", number, brake.draining)`,
      place,
    );
    expect(code).toBe(42);
    expect(stdout).toBe("did 0 False\ndid 1 False\ndid 2 False\ncheckpoint\nhandler ran\n");
    expect(place.record().ending?.reason).toBe("drained");
  });

  test("is seen by the first check that comes 20 ms after the last look or later", async () => {
    const { code, stdout } = await runBraked(
      `${REQUEST}
now = 0
brake = Brake(threshold=1, clock=lambda: now)
brake.check()
request("drain", "now")
for now in 0.01, 0.019, 0.02, 0.03:
    brake.check()
    print(now)`,
      createPlace(),
    );
    expect({ code, stdout }).toEqual({ code: 42, stdout: "0.01\n0.019\n" });
  });

  test("ends a guarded loop between two items, none of which is lost", async () => {
    const { code, stdout } = await runBraked(
      `${REQUEST}
import queue
work = queue.Queue()
for item in "abc": work.put(item)
brake = Brake(threshold=1, clock=unhurried, on_checkpoint=lambda: print("left", work.qsize()))
for item in brake.guard(iter(work.get, None)):
    print(item)
    if item == "b": request("drain", "now")`,
      createPlace(),
    );
    expect({ code, stdout }).toEqual({ code: 42, stdout: "a\nb\nleft 1\n" });
  });

  test("ends a unit after it, not in it", async () => {
    const { code, stdout } = await runBraked(
      `${REQUEST}
brake = Brake(threshold=1, clock=unhurried)
for number in range(3):
    with brake.unit("split"):
        if number == 1: request("drain", "now")
        print(number, flush=True)`,
      createPlace(),
    );
    expect({ code, stdout }).toEqual({ code: 42, stdout: "0\n1\n" });
  });
});

test("a guarded loop waits for memory, retries the item it has not begun, and drops none", async () => {
  const { code, stdout } = await runBraked(
    `readings = iter([9, 1, 1, 9, 1, 1, 9, 9])
brake = Brake(threshold=5, spacing=0, jitter=0, available=lambda: next(readings))
for item in brake.guard(["a", "b", "c"]): print(item)
print(brake.brakes_total)`,
    createPlace(),
  );
  expect({ code, stdout }).toEqual({ code: 0, stdout: "a\nb\nc\n2\n" });
});
