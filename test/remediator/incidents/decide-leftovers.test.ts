// What a former life left behind: a start that was under way, and processes of the old tree.
import { describe, expect, test } from "vitest";
import { decide } from "../../../remediator/incidents/decide.ts";
import type { WorkerFacts } from "../../../remediator/incidents/facts.ts";
import type { Incident } from "../../../remediator/incidents/incident.ts";
import { incarnationKey } from "../../../worker/incarnation.ts";
import {
  at,
  downFacts,
  endedLedger,
  incarnation,
  incident,
  NOW,
  POLICY,
  reading,
  startIncident,
  up,
} from "./builders.ts";

function step(about: Incident, seen: Partial<WorkerFacts> = {}) {
  return decide(about, downFacts(seen), POLICY);
}

describe("a start that was under way when pitcrew ended", () => {
  const starting = incident({ state: "starting", startId: "s-1" });

  test("is verified if its process runs", () => {
    expect(step(starting, { reading: reading({ presence: up(200) }) })).toMatchObject({
      kind: "verify",
      deadline: NOW.mono + POLICY.verifySeconds,
    });
  });

  test("is made again if it left no process", () => {
    expect(step(starting)).toMatchObject({ kind: "start" });
  });

  test("gives its slot back while it may not be made again", () => {
    expect(step(starting, { paused: true })).toMatchObject({ kind: "hold" });
  });
});

describe("what is left of the old tree", () => {
  const left = { remains: [incarnation(101)] };

  test("forbids a start; it is killed when it has outlived the grace", () => {
    expect(step(startIncident(), { ...left, ledger: exited(-29) })).toMatchObject({
      kind: "wait",
      until: NOW.mono + 1,
    });
    expect(step(startIncident(), { ...left, ledger: exited(-30) })).toMatchObject({ kind: "kill" });
  });

  test("is not killed twice: a survivor of SIGKILL forbids a start for ever", () => {
    const ledger = { ...exited(-600), actedOn: incarnationKey(incarnation()) };
    expect(step(startIncident(), { ...left, ledger })).toMatchObject({ kind: "wait" });
  });

  test("is not killed while automation is paused", () => {
    expect(step(startIncident(), { ...left, ledger: exited(-600), paused: true })).toMatchObject({
      kind: "wait",
      blocked: "paused",
    });
  });

  function exited(seconds: number) {
    return endedLedger({
      lastExit: { incarnation: incarnation(), code: 1, reason: "error", atWall: at(seconds).wall, at: at(seconds) },
    });
  }
});
