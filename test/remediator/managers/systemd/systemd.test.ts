// What the manager tells systemd, and when it does without: a real process, and a systemd of literals.
import { spawn } from "node:child_process";
import { describe, expect, onTestFinished, test } from "vitest";
import { writePidRecord } from "../../../../worker/files/pid-record.ts";
import { identify, isAlive } from "../../../../worker/identify.ts";
import type { Incarnation } from "../../../../worker/incarnation.ts";
import { eventually } from "../../../support/eventually.ts";
import { workerSpec } from "../bench-spec.ts";
import { FakeUnit } from "./fake-unit.ts";
import { ended, FORGOTTEN, type Shown, STOPPED } from "./shown.ts";

const SPEC = workerSpec({ kind: "systemd", unit: "w.service" });

function living(): Incarnation {
  const child = spawn("sleep", ["300"], { stdio: "ignore" });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  const found = child.pid === undefined ? undefined : identify(child.pid);
  if (found === undefined) throw new Error("no child");
  return found;
}

const runs = ({ pid }: Incarnation): Shown => ({ MainPID: pid, ExecMainPID: pid });
const RESTARTED: Shown = {
  InvocationID: "new",
  ActiveState: "active",
  ExecMainCode: 0,
  Result: "success",
  ExecMainStartTimestampMonotonic: 1_070_000_000,
};

describe("the gentle stop", () => {
  test("is a signal to the very process where systemd would not start it again by itself", async () => {
    const target = living();
    const unit = new FakeUnit({ ...runs(target), Restart: "no" });
    expect(await unit.manager.terminate(SPEC, target)).toEqual({ kind: "sent" });
    await eventually(() => !isAlive(target), { what: "the end" });
    expect(unit.commands).toEqual([]);
  });

  test("is a stop of the unit where its own restart would answer a signal with a fresh process", async () => {
    const target = living();
    const unit = new FakeUnit({ ...runs(target), Restart: "always" });
    expect(await unit.manager.terminate(SPEC, target)).toEqual({ kind: "sent" });
    expect(unit.commands).toEqual(["stop --no-block -- w.service"]);
  });

  test.each<[string, Shown]>([
    ["runs a command of its own", { ExecStop: "{ path=/bin/true }" }],
    ["sends another signal than configured", { KillSignal: 2 }],
  ])("is a signal where a stop %s", async (_title, changes) => {
    const target = living();
    const unit = new FakeUnit({ ...runs(target), Restart: "always", ...changes });
    expect(await unit.manager.terminate(SPEC, target)).toEqual({ kind: "sent" });
    await eventually(() => !isAlive(target), { what: "the end" });
    expect(unit.commands).toEqual([]);
  });

  test("reaches nobody if its process is gone", async () => {
    const target = { ...living(), startTicks: 1 };
    const unit = new FakeUnit({});
    expect(await unit.manager.terminate(SPEC, target)).toEqual({ kind: "gone" });
    expect(unit.commands).toEqual([]);
  });

  test("is a signal when systemd does not take the order", async () => {
    const target = living();
    const unit = new FakeUnit({ ...runs(target), Restart: "always" });
    unit.answer = () => ({ kind: "failed", message: "systemctl did not answer within 5 s" });
    expect(await unit.manager.terminate(SPEC, target)).toEqual({ kind: "sent" });
    await eventually(() => !isAlive(target), { what: "the end" });
  });
});

describe("a kill", () => {
  test("takes the restart out of systemd's hands first, and then hits the whole group", async () => {
    const target = living();
    const unit = new FakeUnit({ ...runs(target), Restart: "always" });
    await unit.manager.kill(SPEC, target, [target]);
    expect(unit.commands).toEqual([
      "stop --no-block -- w.service",
      "kill --kill-who=all --signal=SIGKILL -- w.service",
    ]);
  });

  test("of leftovers spares the unit's next process", async () => {
    const [leftover, next] = [living(), living()];
    const unit = new FakeUnit(runs(next));
    await unit.manager.kill(SPEC, { ...leftover, startTicks: 1 }, [leftover]);
    expect(unit.commands).toEqual([]);
    expect([isAlive(leftover), isAlive(next)]).toEqual([false, true]);
  });
});

describe("a start", () => {
  test("resets the start limit, which counts our starts too, and knows the new process", async () => {
    const target = living();
    const unit = new FakeUnit(ended({ Result: "start-limit-hit" }));
    unit.onStart = { ...RESTARTED, ...runs(target) };
    expect(await unit.manager.start(SPEC, "s")).toEqual({ kind: "started", incarnation: target });
    expect(unit.commands).toEqual(["reset-failed -- w.service", "start --no-block -- w.service"]);
  });

  test("of a unit without a start limit that has not failed is one command", async () => {
    const unit = new FakeUnit({ ...STOPPED, StartLimitIntervalUSec: 0 });
    unit.onStart = { ...RESTARTED, ...runs(living()) };
    await unit.manager.start(SPEC, "s");
    expect(unit.commands).toEqual(["start --no-block -- w.service"]);
  });

  test("whose process has come and gone is a start all the same, and its end is known", async () => {
    const unit = new FakeUnit(STOPPED);
    unit.onStart = ended({
      ...RESTARTED,
      ActiveState: "failed",
      ExecMainCode: 1,
      ExecMainPID: 99,
      Result: "exit-code",
    });
    const result = await unit.manager.start(SPEC, "s");
    if (result.kind !== "started") throw new Error(JSON.stringify(result));
    expect(result.incarnation).toMatchObject({ pid: 99, startTicks: 107_000 });
    expect(unit.manager.exitOf(SPEC, result.incarnation)).toMatchObject({ code: 1 });
  });

  test.each<[string, Shown, Shown, RegExp]>([
    [
      "exists nowhere",
      { LoadState: "not-found", MainPID: 0 },
      {},
      /^w: w.service does not exist: write it, or correct/,
    ],
    ["is masked", { LoadState: "masked", MainPID: 0 }, {}, /^w: w.service is masked: systemctl unmask/],
    [
      "has no program",
      STOPPED,
      ended({ InvocationID: "new", ExecMainStatus: 203 }),
      /status 203; journalctl -u w.service/,
    ],
  ])("of a unit that %s fails and says why", async (_title, state, onStart, message) => {
    const unit = new FakeUnit(state);
    unit.onStart = onStart;
    expect(await unit.manager.start(SPEC, "s")).toMatchObject({
      kind: "failed",
      message: expect.stringMatching(message),
    });
  });

  test("without the right to start says how to get it", async () => {
    const unit = new FakeUnit(STOPPED);
    unit.answer = () => ({
      kind: "failed",
      message: "Failed to start w.service: Interactive authentication required.",
    });
    expect(await unit.manager.start(SPEC, "s")).toMatchObject({ message: /sudo pitcrew units writes the rule/ });
  });

  test("is refused while it runs, under systemd or still under a shim", async () => {
    const target = living();
    const running = new FakeUnit(runs(target));
    expect(await running.manager.start(SPEC, "s")).toMatchObject({ kind: "already_running" });
    const shims = new FakeUnit(STOPPED);
    writePidRecord(shims.runDirectory, {
      version: 1,
      worker: "w",
      incarnation: target,
      session: target.pid,
      startId: "s",
    });
    expect(await shims.manager.start(SPEC, "s")).toMatchObject({
      kind: "already_running",
      detail: /under a shim still/,
    });
    expect([...running.commands, ...shims.commands]).toEqual([]);
  });
});

describe("a unit that is down", () => {
  const view = (unit: FakeUnit) =>
    eventually(
      () => {
        const found = unit.manager.ownerView?.(SPEC, undefined);
        return found?.kind === "unknown" ? undefined : found;
      },
      { what: "systemd's view" },
    );

  test("because somebody stopped it was stopped", async () => {
    expect(await view(new FakeUnit(STOPPED))).toEqual({ kind: "stopped" });
  });

  test("because we stopped it has ended", async () => {
    const target = living();
    const unit = new FakeUnit({ ...runs(target), Restart: "always" });
    await unit.manager.terminate(SPEC, target);
    unit.state = STOPPED;
    await eventually(() => unit.manager.exitOf(SPEC, { ...target, pid: 71 }), { what: "its end" });
    expect(await view(unit)).toEqual({ kind: "ended", failed: false });
  });

  test("and that systemd has forgotten was stopped by somebody, unless by us", async () => {
    const forgotten = { ...FORGOTTEN, Restart: "always" };
    expect(await view(new FakeUnit(forgotten))).toEqual({ kind: "stopped" });
    const target = living();
    const unit = new FakeUnit({ ...runs(target), Restart: "always" });
    await unit.manager.terminate(SPEC, target);
    unit.state = forgotten;
    expect(await view(unit)).toEqual({ kind: "ended", failed: false });
  });

  test("because the machine is being shut down is not an operator's word", async () => {
    const unit = new FakeUnit(STOPPED);
    unit.systemState = "stopping";
    unit.manager.ownerView?.(SPEC, undefined);
    await eventually(() => unit.news.length >= 2, { what: "the verdict" });
    expect(unit.manager.ownerView?.(SPEC, undefined)).toEqual({ kind: "unknown" });
  });
});

test("what cannot be held is complained of", async () => {
  const unit = new FakeUnit({});
  unit.answer = () => ({ kind: "failed", message: "Access denied" });
  await unit.manager.hold?.(SPEC);
  expect(unit.troubles).toEqual(["w: w.service could not be stopped: Access denied"]);
});
