// Every source's notices become intents on configured targets, or are refused with a reason.
import { describe, expect, test } from "vitest";
import type { SuppressReason } from "../../../remediator/incidents/reason.ts";
import { NOW } from "../incidents/builders.ts";
import { firing, HEARTBEAT, OVER_LIMIT, resolved, setUp, without } from "./desk.ts";

describe("an alert of a loaded rule on a worker of ours", () => {
  test("becomes an intent", () => {
    const { accepted, take } = setUp();
    expect(take(OVER_LIMIT)).toEqual({ accepted: 1, refused: 0, heartbeats: 0 });
    expect(accepted).toEqual([
      {
        target: { kind: "worker", worker: "w" },
        ladder: "restart",
        reason: "memory_limit",
        source: "webhook",
        alertname: "PitcrewWorkerMemoryOverLimit",
        text: "PitcrewWorkerMemoryOverLimit (webhook)",
      },
    ]);
  });

  test("on the machine becomes an intent on the machine, whatever worker it names", () => {
    const { accepted, take } = setUp();
    take({ alertname: "PitcrewSystemMemoryLow", host: "h", worker: "w", remediation: "restart_largest" });
    expect(accepted).toMatchObject([{ target: { kind: "host" }, ladder: "restart_largest", reason: "system_memory" }]);
  });

  test("asks for what its rule says, not for what its labels say", () => {
    const { accepted, take } = setUp();
    const forged = {
      alertname: "PitcrewWorkerTooOld",
      host: "h",
      worker: "w",
      remediation: "restart",
      reason: "operator",
    };
    take(forged);
    expect(accepted).toMatchObject([{ ladder: "recycle", reason: "age" }]);
  });

  test("is inert text but for what it selects", () => {
    const { accepted, take } = setUp();
    const hostile = { instance: "$(reboot)", LD_PRELOAD: "/tmp/x.so", path: "../../etc", nul: "\0", __proto__: "x" };
    take({ ...OVER_LIMIT, ...hostile });
    expect(JSON.stringify(accepted)).not.toMatch(/reboot|LD_PRELOAD|etc|\\u0000/);
  });
});

describe("an alert that is none of ours", () => {
  const refused: [string, Readonly<Record<string, string>>, SuppressReason][] = [
    ["names no host", without(OVER_LIMIT, "host"), "no_host"],
    ["names an empty host", { ...OVER_LIMIT, host: "" }, "no_host"],
    ["names another host", { ...OVER_LIMIT, host: "g" }, "other_host"],
    ["names a worker that is not configured", { ...OVER_LIMIT, worker: "x" }, "unknown_worker"],
    ["names no worker", without(OVER_LIMIT, "worker"), "unknown_worker"],
    ["names a worker that is only observed", { ...OVER_LIMIT, worker: "seen" }, "observed_only"],
    ["has the name of no loaded rule", { ...OVER_LIMIT, alertname: "Made up" }, "unknown_rule"],
    ["has no name", without(OVER_LIMIT, "alertname"), "unknown_rule"],
    ["has the name of what every object has", { ...OVER_LIMIT, alertname: "constructor" }, "unknown_rule"],
    ["names a path", { ...OVER_LIMIT, worker: "../../etc/passwd" }, "unknown_worker"],
    ["names a worker with a newline", { ...OVER_LIMIT, worker: "w\n" }, "unknown_worker"],
  ];
  test.each(refused)("because it %s is refused, counted and written down", (_title, labels, reason) => {
    const { accepted, suppressed, take, written } = setUp();
    expect(take(labels)).toEqual({ accepted: 0, refused: 1, heartbeats: 0 });
    expect(accepted).toEqual([]);
    expect([...suppressed]).toEqual([[reason, 1]]);
    expect(written).toMatchObject([{ type: "refused", reason, source: "webhook" }]);
  });

  test("is counted every time, and written down once an hour", () => {
    const { pass, suppressed, take, written } = setUp();
    const unknown = { ...OVER_LIMIT, worker: "x" };
    take(unknown);
    take(unknown, unknown);
    pass(3599);
    take(unknown);
    expect(written).toHaveLength(1);
    expect(suppressed.get("unknown_worker")).toBe(4);
    pass(1);
    take(unknown);
    expect(written).toHaveLength(2);
    take({ ...unknown, worker: "y" });
    expect(written).toHaveLength(3);
  });

  test("leaves no more of its text than one can recognise it by", () => {
    const { take, written } = setUp();
    take({ ...OVER_LIMIT, worker: "x".repeat(100_000), alertname: "y".repeat(100_000) });
    expect(JSON.stringify(written).length).toBeLessThan(1000);
  });

  test("in any number leaves a bounded memory behind", () => {
    const { suppressed, take } = setUp();
    for (let index = 0; index < 3000; index += 1) take({ ...OVER_LIMIT, worker: `x${index}` });
    expect(suppressed.get("unknown_worker")).toBe(3000);
  });

  test("for people, without a remediation, is no business of ours", () => {
    const { suppressed, take } = setUp();
    expect(take({ alertname: "DiskFull" }, { ...OVER_LIMIT, remediation: "" })).toEqual({
      accepted: 0,
      refused: 0,
      heartbeats: 0,
    });
    expect(suppressed.size).toBe(0);
  });
});

describe("a trusted alert", () => {
  const foreign = { alertname: "GpuLost", host: "h", worker: "w", remediation: "restart", reason: "whatever" };

  test("needs no loaded rule", () => {
    const { accepted, take } = setUp({ trustedAlerts: ["GpuLost"] });
    take(foreign);
    expect(accepted).toMatchObject([{ ladder: "restart", reason: "other", alertname: "GpuLost" }]);
  });

  test("that asks for what does not exist is refused", () => {
    const { suppressed, take } = setUp({ trustedAlerts: ["GpuLost"] });
    take({ ...foreign, remediation: "format" });
    expect(suppressed.get("unknown_rule")).toBe(1);
  });

  test("that has a rule after all is held to it", () => {
    const { accepted, take } = setUp({ trustedAlerts: ["PitcrewWorkerTooOld"] });
    take({ ...OVER_LIMIT, alertname: "PitcrewWorkerTooOld" });
    expect(accepted).toMatchObject([{ ladder: "recycle" }]);
  });
});

describe("a heartbeat", () => {
  test("of our own host is remembered by both clocks", () => {
    const { intake, take } = setUp();
    expect(take(HEARTBEAT)).toEqual({ accepted: 0, refused: 0, heartbeats: 1 });
    expect(intake.heartbeatAt).toBe(NOW.mono);
    expect(intake.heartbeatWall).toBe(NOW.wall);
  });

  test("that only repeats what a Prometheus said before it died does not count again, also from a pair that heard different things last", () => {
    const { intake, pass } = setUp();
    const beat = (evaluated: string) => intake.take([{ ...firing(HEARTBEAT), evaluated }]);
    beat("100");
    pass(10);
    beat("160");
    pass(10);
    expect(beat("160")).toMatchObject({ heartbeats: 1 });
    beat("100");
    beat("160");
    expect(intake.heartbeatAt).toBe(NOW.mono + 10);
    // Its clock was set back.
    beat("40");
    expect(intake.heartbeatAt).toBe(NOW.mono + 20);
  });

  test.each([
    ["of another host", firing({ ...HEARTBEAT, host: "g" })],
    ["of no host", firing(without(HEARTBEAT, "host"))],
    ["that has ended", resolved(HEARTBEAT)],
  ])("%s does not count", (_title, notice) => {
    const { intake } = setUp();
    expect(intake.take([notice])).toMatchObject({ heartbeats: 0 });
    expect(intake.heartbeatAt).toBeUndefined();
  });
});

describe("a batch", () => {
  test("with what has resolved only makes us look", () => {
    const { accepted, intake, looks } = setUp();
    expect(intake.take([resolved(OVER_LIMIT)])).toEqual({ accepted: 0, refused: 0, heartbeats: 0 });
    expect(accepted).toEqual([]);
    expect(looks()).toBe(1);
  });

  test("that is mixed is taken alert by alert", () => {
    const { accepted, intake } = setUp();
    const batch = [
      firing(OVER_LIMIT),
      resolved({ ...OVER_LIMIT, worker: "x" }),
      firing({ ...OVER_LIMIT, host: "g" }),
      firing(HEARTBEAT),
    ];
    expect(intake.take(batch)).toEqual({ accepted: 1, refused: 1, heartbeats: 1 });
    expect(accepted).toHaveLength(1);
  });

  test("that is empty does nothing", () => {
    const { intake, looks, written } = setUp();
    expect(intake.take([])).toEqual({ accepted: 0, refused: 0, heartbeats: 0 });
    expect({ looks: looks(), written }).toEqual({ looks: 0, written: [] });
  });
});
