import { expect, test } from "vitest";
import type { Incident } from "../../../remediator/incidents/incident.ts";
import { logEntries } from "../../../remediator/incidents/log-entries.ts";
import { incident, NOW } from "./builders.ts";

function levelOf(wanted: Partial<Incident>): string[] {
  const levels: string[] = [];
  const log = {
    info: () => levels.push("info"),
    warn: () => levels.push("warn"),
    error: () => levels.push("error"),
  };
  logEntries(log, [{ type: "incident", incident: incident(wanted) }]);
  return levels;
}

test.each<[string, Partial<Incident>, string]>([
  [
    "a start that failed",
    { state: "holding", story: [{ at: NOW, text: "t", action: "start", outcome: "failed" }] },
    "warn",
  ],
  [
    "a start that worked",
    { state: "verifying", story: [{ at: NOW, text: "t", action: "start", outcome: "done" }] },
    "info",
  ],
  [
    "a grace that ran out",
    { state: "killing", story: [{ at: NOW, text: "t", action: "terminate", outcome: "timed_out" }] },
    "warn",
  ],
  ["an incident that is escalated", { state: "escalated" }, "warn"],
])("%s is logged at its level", (_, wanted, level) => {
  expect(levelOf(wanted)).toEqual([level]);
});
