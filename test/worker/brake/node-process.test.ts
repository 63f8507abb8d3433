// The TypeScript brake in real processes: how a worker leaves, what its children may not do, what pitcrew asks of it.
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { readBrakeRecord } from "../../../worker/files/brake-record.ts";
import { PROJECT } from "../../support/pitcrew.ts";
import { runTool, type ToolResult } from "../../support/run-tool.ts";
import { createPlace, type Place, scriptOf } from "./python-brake.ts";

/** As built and installed: a thread of Node 20 could not read TypeScript. */
const BRAKE = pathToFileURL(join(PROJECT, "dist", "worker", "brake.js")).href;

const PRELUDE = `
import { spawnSync } from "node:child_process";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { Brake, TrialKilled } from ${JSON.stringify(BRAKE)};
const directory = process.env.PITCREW_RUN_DIRECTORY;
const low = (options) => new Brake({ thresholdBytes: 2 ** 60, spacingSeconds: 0, jitterSeconds: 0, ...options });
let seconds = 0;
// A second between any two looks, as in a worker whose units take their time.
const unhurried = { clock: () => ++seconds };
const killed = (brake) => { try { brake.check("test"); return false; } catch (error) { return error instanceof TrialKilled; } };
const record = () => JSON.parse(readFileSync(directory + "/workers/w/brake", "utf8"));
function request(kind, id, changes) {
  const { version, worker, pid, start_ticks, boot_id } = record();
  writeFileSync(directory + "/next", JSON.stringify({ version, worker, pid, start_ticks, boot_id, kind, id, at: 1, ...changes }));
  renameSync(directory + "/next", directory + "/w.request");
}
`;

function runNode(body: string, place: Place): Promise<ToolResult> {
  const file = join(place.runDirectory, "worker.mjs");
  writeFileSync(file, PRELUDE + body);
  return runTool(process.execPath, [file], { env: place.environment });
}

test("at its limit a worker leaves with 42: handlers run, the record and the log say why", async () => {
  const place = createPlace();
  const { code, stdout, stderr } = await runNode(
    `process.on("exit", () => console.log("handler ran"));
const brake = low();
while (killed(brake));`,
    place,
  );
  expect(stderr).toContain("🛑 EMERGENCY BRAKE: test killed (brake #9)");
  expect(stderr.trimEnd().split("\n").slice(-5)[1]).toBe("Emergency brake fired 10 times consecutively");
  expect({ code, stdout }).toEqual({ code: 42, stdout: "handler ran\n" });
  expect(place.record()).toMatchObject({ brakes_total: 10, ending: { reason: "brake_limit" } });
  expect(readBrakeRecord(place.runDirectory, "w").kind).toBe("ok");
});

test("a second process goes on with the total, its streak at 0", async () => {
  const place = createPlace();
  await runNode("const brake = low(); killed(brake); killed(brake);", place);
  expect(place.record()).toMatchObject({ brakes_total: 2, consecutive_brakes: 2 });
  await runNode("low();", place);
  expect(place.record()).toMatchObject({ brakes_total: 2, consecutive_brakes: 0 });
});

test("children and threads raise, write nothing and never leave with 42; nor does a Python child", async () => {
  const place = createPlace();
  const python = scriptOf(`brake = low(limit=1)
try: brake.check()
except TrialKilled: os._exit(7)`);
  const { code, stdout, stderr } = await runNode(
    `const child = process.argv[2];
if (child !== undefined) {
  const brake = low({ limit: 1 });
  process.exit(killed(brake) && killed(brake) ? 7 : 1);
}
const brake = low({ limit: 3 });
const before = JSON.stringify(record());
const { PITCREW_BRAKE_OWNER: _, ...bare } = process.env;
for (const env of [process.env, bare])
  console.log(spawnSync(process.execPath, [process.argv[1], "child"], { env, stdio: ["ignore", "ignore", "inherit"] }).status);
for (const env of [process.env, bare])
  console.log(spawnSync("python3", ["-c", ${JSON.stringify(python)}], { env, stdio: "ignore" }).status);
const thread = new Worker(\`import(\${JSON.stringify(${JSON.stringify(BRAKE)})}).then(({ Brake }) => {
  const brake = new Brake({ thresholdBytes: 2 ** 60, limit: 1 });
  try { brake.check(); } catch (error) { process.exit(error.name === "TrialKilled" ? 7 : 1); }
})\`, { eval: true });
thread.on("exit", (status) => {
  console.log(status);
  console.log(JSON.stringify(record()) === before);
  killed(brake);
  console.log(record().brakes_total);
});`,
    place,
  );
  expect(stderr).not.toContain("Error");
  expect({ code, stdout }).toEqual({ code: 0, stdout: "7\n7\n7\n7\n7\ntrue\n1\n" });
});

test("a record that cannot be written is told of once, and the worker goes on", async () => {
  const place = createPlace();
  rmSync(place.corner, { recursive: true });
  writeFileSync(place.corner, "");
  const { code, stdout, stderr } = await runNode(
    "const brake = low({ limit: 0 }); for (let i = 0; i < 5; i++) killed(brake); console.log(brake.brakesTotal);",
    place,
  );
  expect({ code, stdout }).toEqual({ code: 0, stdout: "5\n" });
  expect(stderr.split("\n").filter((line) => line.includes("cannot be written"))).toHaveLength(1);
});

describe("pitcrew's requests", () => {
  test("relief: every callback runs once per request, and what came of it is written down", async () => {
    const place = createPlace();
    const { code, stdout, stderr } = await runNode(
      `const brake = new Brake({ ...unhurried, thresholdBytes: 1 });
brake.onRelief(() => { throw new Error("no"); });
brake.onRelief(async () => { console.log("cleared"); });
request("relief", "another's", { pid: 1 });
brake.check();
request("relief", "ours");
brake.check();
brake.check();
const timer = setInterval(() => {
  if (record().last_relief === null) return;
  clearInterval(timer);
  console.log(record().last_relief.request, typeof record().last_relief.freed_bytes);
}, 10);`,
      place,
    );
    expect(stderr).toContain("a relief callback failed: Error: no");
    expect({ code, stdout }).toEqual({ code: 0, stdout: "cleared\nours number\n" });
  });

  test.each([
    ["check()", "brake.check()", "() => console.log('checkpoint')"],
    ["check() with a checkpoint that takes its time", "brake.check()", "async () => console.log('checkpoint')"],
    ["checked()", "await brake.checked()", "async () => console.log('checkpoint')"],
  ])("drain: %s checkpoints and leaves with 42", async (_, call, checkpoint) => {
    const place = createPlace();
    const { code, stdout } = await runNode(
      `const brake = new Brake({ ...unhurried, thresholdBytes: 1, onCheckpoint: ${checkpoint} });
for (let number = 0; number < 5; number++) {
  if (number === 2) request("drain", "now");
  try { ${call}; } catch (error) { if (error instanceof TrialKilled) break; throw error; }
  console.log(number);
}`,
      place,
    );
    expect({ code, stdout }).toEqual({ code: 42, stdout: "0\n1\ncheckpoint\n" });
    expect(place.record().ending?.reason).toBe("drained");
  });

  test("a request is seen by the first check that comes 20 ms after the last look or later", async () => {
    const { code, stdout } = await runNode(
      `let now = 0;
const brake = new Brake({ thresholdBytes: 1, clock: () => now });
brake.check();
request("drain", "now");
for (now of [0.01, 0.019, 0.02, 0.03]) { brake.check(); console.log(now); }`,
      createPlace(),
    );
    expect({ code, stdout }).toEqual({ code: 42, stdout: "0.01\n0.019\n" });
  });

  test("drain: a guarded loop leaves between two items, a unit after it", async () => {
    const guarded = await runNode(
      `const brake = new Brake({ ...unhurried, thresholdBytes: 1 });
for await (const item of brake.guard(["a", "b", "c"])) {
  console.log(item);
  if (item === "b") request("drain", "now");
}`,
      createPlace(),
    );
    expect(guarded).toMatchObject({ code: 42, stdout: "a\nb\n" });
    const unit = await runNode(
      `const brake = new Brake({ ...unhurried, thresholdBytes: 1 });
await brake.unit("first", () => { request("drain", "now"); console.log("did"); });
console.log("not reached");`,
      createPlace(),
    );
    expect(unit).toMatchObject({ code: 42, stdout: "did\n" });
  });
});

test("a guarded loop waits for memory, retries the item it has not begun, and drops none", async () => {
  const { code, stdout } = await runNode(
    `const readings = [9, 1, 1, 9, 1, 1, 9];
const brake = new Brake({ thresholdBytes: 5, spacingSeconds: 0, jitterSeconds: 0, availableBytes: () => readings.shift() });
for await (const item of brake.guard(["a", "b", "c"])) console.log(item);
console.log(brake.brakesTotal, readings.length);`,
    createPlace(),
  );
  expect({ code, stdout }).toEqual({ code: 0, stdout: "a\nb\nc\n2 0\n" });
});
