// What an intent becomes when it meets the open incident of its target.
import { describe, expect, test } from "vitest";
import type { Incident, OpenState } from "../../../remediator/incidents/incident.ts";
import { OPEN_STATES } from "../../../remediator/incidents/incident.ts";
import { type Intent, isSettled, receive, renewal } from "../../../remediator/incidents/intent.ts";
import type { Incarnation } from "../../../worker/incarnation.ts";
import { at, incarnation, incident, NOW, startIncident } from "./builders.ts";

const OLD = incarnation(100);
const NEW = incarnation(200);

function intent(wanted: Partial<Intent> = {}): Intent {
  return {
    target: { kind: "worker", worker: "w" },
    ladder: "restart",
    reason: "memory_limit",
    source: "webhook",
    alertname: "PitcrewWorkerMemoryOverLimit",
    text: "it came",
    ...wanted,
  };
}

const RECYCLE = intent({ ladder: "recycle", reason: "age", alertname: "PitcrewWorkerTooOld" });
const RELIEVE = intent({ ladder: "relieve", reason: "memory_relief", alertname: "PitcrewWorkerMemoryOverRelief" });
const DOWN = intent({ ladder: "start", reason: "down", alertname: "PitcrewWorkerDown" });

function byOperator(ladder: Intent["ladder"], wanted: Partial<Intent> = {}): Intent {
  const { alertname: _none, ...rest } = intent();
  return { ...rest, ladder, reason: "operator", source: "operator", by: "ann", ...wanted };
}

function received(
  about: Intent,
  open: Incident | undefined,
  { running = OLD }: { running?: Incarnation | undefined } = {},
) {
  return receive(about, open, { running, now: NOW, nextId: () => "i-2" });
}

describe("without an open incident", () => {
  test("an intent opens one about the process that runs", () => {
    expect(received(intent(), undefined)).toMatchObject({
      kind: "open",
      incident: { id: "i-2", state: "open", ladder: "restart", incarnation: OLD, story: [{ text: "it came" }] },
    });
  });

  test("an intent on a worker that is down opens one about no process", () => {
    const opened = receive(DOWN, undefined, { running: undefined, now: NOW, nextId: () => "i-2" });
    expect(opened.incident).not.toHaveProperty("incarnation");
  });

  test("one that has ended is no open one", () => {
    expect(received(intent(), incident({ state: "resolved" }))).toMatchObject({ kind: "open" });
  });
});

describe("the second alert on one worker", () => {
  const states = OPEN_STATES.filter((state) => state !== "verifying");
  test.each(states)("that is %s is a duplicate", (state: OpenState) => {
    expect(received(intent(), incident({ state }))).toMatchObject({ kind: "duplicate", incident: { id: "i-1" } });
  });

  test.each<OpenState>(["open", "relieving", "draining"])("joins if it is more urgent: %s", (state) => {
    const open = incident({ state, ladder: "recycle", reason: "age", blocked: "min_healthy" });
    const joined = received(intent(), open);
    expect(joined).toMatchObject({
      kind: "join",
      incident: { id: "i-1", state, ladder: "restart", reason: "memory_limit" },
    });
    expect(joined.incident).not.toHaveProperty("blocked");
    expect(joined.incident.story.at(-1)?.text).toBe("joined by a more urgent one: it came");
  });

  test.each([RECYCLE, RELIEVE, DOWN])("is a duplicate if it is less urgent: $ladder", (less) => {
    for (const state of ["open", "draining"] as const)
      expect(received(less, incident({ state }))).toMatchObject({ kind: "duplicate" });
  });

  test("never turns a pending start into a renewal: what is down cannot be renewed", () => {
    expect(received(intent(), startIncident())).toMatchObject({ kind: "duplicate" });
  });
});

describe("while a new process is being verified", () => {
  const verifying = incident({ state: "verifying", replacement: NEW, alertname: "PitcrewWorkerTooOld" });

  test("another alert about it raises a doubt, which a fresh reading is to settle", () => {
    expect(received(intent(), verifying, { running: NEW })).toMatchObject({
      kind: "doubt",
      incident: { id: "i-1", state: "verifying", doubt: { alertname: intent().alertname, ladder: "restart" } },
    });
  });

  test("the same alert asks nothing new, and one doubt at a time is enough", () => {
    const same = { ...verifying, alertname: intent().alertname ?? "" };
    expect(received(intent(), same, { running: NEW })).toMatchObject({ kind: "duplicate" });
    const { incident: doubted } = received(intent(), verifying, { running: NEW });
    expect(received(intent(), doubted, { running: NEW })).toMatchObject({ kind: "duplicate" });
  });

  test("that it is down is no doubt: a process that is verified is up", () => {
    expect(received(DOWN, verifying, { running: NEW })).toMatchObject({ kind: "duplicate" });
  });

  test("a doubt that proves right ends the verification and opens an incident on the new process", () => {
    const renewed = renewal(verifying, intent(), NEW, NOW, "i-2");
    expect(renewed).toMatchObject({
      ended: { id: "i-1", state: "escalated" },
      incident: { id: "i-2", state: "open", incarnation: NEW },
    });
    expect(renewed.ended.story.at(-1)).toMatchObject({ action: "start", outcome: "ineffective" });
  });

  test.each<Intent["ladder"]>(["stop", "restart", "recycle"])("an operator's %s does not wait", (ladder) => {
    // Even before the new process has been looked at.
    expect(received(byOperator(ladder), verifying, { running: OLD })).toMatchObject({
      kind: "renew",
      ended: { state: "superseded" },
      incident: { ladder, incarnation: NEW },
    });
  });
});

describe("an operator", () => {
  test("who stops a worker that is being started joins: it is stopped as soon as it is known", () => {
    expect(received(byOperator("stop"), startIncident({ state: "starting" }))).toMatchObject({
      kind: "join",
      incident: { state: "starting", ladder: "stop" },
    });
  });

  test("who starts a worker that is held down joins, and does not wait for its rations or its back-off", () => {
    const held = incident({ state: "holding", blocked: "cooldown", startAttempts: 4, startFailedAt: 1 });
    const joined = received(byOperator("start"), held);
    expect(joined).toMatchObject({
      kind: "join",
      incident: { state: "holding", ladder: "restart", source: "operator" },
    });
    expect(joined.incident).not.toHaveProperty("startAttempts");
    expect(joined.incident).not.toHaveProperty("blocked");
  });

  test("who starts a worker that waits for its first start takes that over", () => {
    expect(received(byOperator("start"), startIncident({ blocked: "budget" }))).toMatchObject({ kind: "join" });
  });

  test.each<OpenState>(["open", "relieving", "draining"])(
    "who starts a worker that runs does not touch its renewal: %s",
    (state) => {
      const open = incident({ state, ladder: "recycle", reason: "age" });
      expect(received(byOperator("start"), open)).toMatchObject({ kind: "duplicate" });
    },
  );

  test.each<OpenState>(["open", "relieving", "draining"])("who stops a worker takes over what is %s", (state) => {
    expect(received(byOperator("stop"), incident({ state }))).toMatchObject({
      kind: "join",
      incident: { ladder: "stop" },
    });
    const theirs = incident({ state, source: "operator", ladder: "recycle" });
    expect(received(byOperator("stop"), theirs)).toMatchObject({ kind: "join" });
    expect(received(byOperator("stop"), startIncident())).toMatchObject({ kind: "join" });
  });

  test("whose order joins means the process that runs now", () => {
    expect(received(byOperator("restart"), incident(), { running: NEW })).toMatchObject({
      kind: "join",
      incident: { incarnation: NEW },
    });
  });

  test("whose forced order is joined by an alert does not lend it the force", () => {
    const forced = incident({ ladder: "recycle", source: "operator", by: "ann", force: true });
    const joined = received(intent(), forced);
    expect(joined).toMatchObject({ kind: "join", incident: { source: "webhook" } });
    expect(joined.incident).not.toHaveProperty("force");
    expect(joined.incident).not.toHaveProperty("by");
  });
});

describe("an alert that fires on and on", () => {
  const acted = incident({ state: "cancelled", suppressed: "duplicate" });
  const noRelief = incident({ ...RELIEVE, state: "cancelled" });
  const circumstances = { running: OLD, desired: "up" as const, sinceMono: NOW.mono - 600 };

  test("is settled when the process has been acted on, or offers no relief, or relief freed too little", () => {
    expect(isSettled(intent(), acted, circumstances)).toBe(true);
    expect(isSettled(RELIEVE, noRelief, circumstances)).toBe(true);
    expect(isSettled(RELIEVE, { ...noRelief, state: "escalated" }, circumstances)).toBe(true);
  });

  test("is settled by an operator's stop for as long as that holds", () => {
    const stopped = incident({ state: "cancelled", suppressed: "operator_stopped" });
    expect(isSettled(intent(), stopped, { ...circumstances, desired: "down" })).toBe(true);
    expect(isSettled(intent(), stopped, circumstances)).toBe(false);
  });

  test.each<[string, Intent, Incident | undefined, Partial<typeof circumstances>]>([
    ["the first of its kind", intent(), undefined, {}],
    ["about another process", intent(), acted, { running: NEW }],
    ["another alert", { ...intent(), alertname: "Other" }, acted, {}],
    ["an operator's order", byOperator("restart"), acted, {}],
    ["ten minutes later", intent(), { ...acted, changedAt: at(-601) }, {}],
    ["after one that was not reproduced", intent(), incident({ state: "cancelled", suppressed: "not_reproduced" }), {}],
    ["after one that expired", intent(), incident({ state: "expired" }), {}],
    ["after one that was resolved", intent(), incident({ state: "resolved" }), {}],
  ])("is judged anew when it is %s", (_title, again, last, wanted) => {
    expect(isSettled(again, last, { ...circumstances, ...wanted })).toBe(false);
  });
});
