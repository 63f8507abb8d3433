// What `status` and `history` print: it fits 80 columns whatever it holds, and reads as a report.
import { expect, test } from "vitest";
import type { IncidentView } from "../../../remediator/api/views.ts";
import { renderHistory } from "../../../remediator/cli/history.ts";
import { renderStatus } from "../../../remediator/cli/status.ts";
import { shown } from "./shown.ts";

const LONG = "a-worker-of-a-name-that-is-as-long-as-a-name-may-be-and-longer";

function incident(wanted: Partial<IncidentView> = {}): IncidentView {
  const at = (second: number) => new Date(1_771_000_000_000 + 1000 * second).toISOString();
  const line = { action: null, outcome: null, took_seconds: null };
  return {
    id: "20260213-162640-abcd",
    target: "train-1",
    ladder: "restart",
    reason: "memory_limit",
    source: "webhook",
    alertname: "PitcrewWorkerMemoryOverLimit",
    by: null,
    state: "resolved",
    open: false,
    blocked: null,
    suppressed: null,
    pid: 1,
    replacement_pid: 2,
    opened_at: at(0),
    changed_at: at(75),
    story: [
      { ...line, at: at(0), text: "PitcrewWorkerMemoryOverLimit" },
      { ...line, at: at(1), text: "SIGTERM to pid 1: memory_limit (9.0 GiB against 8.0 GiB)", action: "terminate" },
      { ...line, at: at(5), text: "its whole tree is gone", action: "terminate", outcome: "done", took_seconds: 4 },
      { ...line, at: at(75), text: "verified: pid 2 has been well for 60s" },
    ],
    ...wanted,
  };
}

test("an incident tells when, who asked for what and why, each step with its time, what came of it, and how long it took", () => {
  const lines = renderHistory({ incidents: [incident()], refused: [] }, { colour: false });
  expect(lines[0]).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}train-1 {2}resolved after 75s$/);
  expect(lines.slice(1)).toEqual([
    "    restart for memory_limit, asked for by alert PitcrewWorkerMemoryOverLimit  (20260213-162640-abcd)",
    "        +0ms  PitcrewWorkerMemoryOverLimit",
    "         +1s  SIGTERM to pid 1: memory_limit (9.0 GiB against 8.0 GiB)",
    "         +5s  its whole tree is gone; took 4s",
    "        +75s  verified: pid 2 has been well for 60s",
    "",
    "1 incident: 1 resolved",
  ]);
});

test.each<[Partial<IncidentView>, string]>([
  [{ source: "operator", by: "ann" }, "asked for by ann"],
  [{ source: "guard" }, "asked for by the guard, rule PitcrewWorkerMemoryOverLimit"],
  [{ source: "supervision", alertname: null }, "asked for by supervision"],
  [{ state: "holding", open: true, blocked: "cooldown" }, "holding, cooldown so far 75s"],
  [{ state: "cancelled", suppressed: "not_reproduced" }, "cancelled, not_reproduced after 75s"],
])("%j reads: %s", (wanted, text) => {
  expect(renderHistory({ incidents: [incident(wanted)], refused: [] }, { colour: false }).join("\n")).toContain(text);
});

test("refusals are told and counted, and their labels cannot write to the terminal", () => {
  const refused = { at: "2026-02-13T16:26:40Z", reason: "unknown_rule", alertname: "\u001b[2J", worker: "", host: "h" };
  const lines = renderHistory(
    { incidents: [], refused: [{ ...refused, source: "webhook" } as never] },
    { colour: false },
  );
  expect(lines.join("\n")).toContain("refused (unknown_rule)  \\u{1b}[2J for no worker on h");
  expect(lines.at(-1)).toBe("0 incidents; 1 refused");
});

test("no line of either is wider than 80 columns, names and reasons however long", () => {
  const text = "because of this and that ".repeat(20);
  const long = incident({ target: LONG, open: true, state: "holding", blocked: "cooldown" });
  const open = { ...long, story: long.story.map((line) => ({ ...line, text: line.text + text })) };
  const view = shown(
    Array.from({ length: 50 }, (_, index) => ({
      worker: `${LONG}-${index}`,
      memory_bytes: 1_234_567_890_123,
      memory_limit_bytes: 2_234_567_890_123,
      age_seconds: 123_456,
      max_age_seconds: 234_567,
      restarts: { memory_limit: 1234, age: 567, system_memory: 8 },
      quarantined: index % 2 === 0,
    })),
  );
  const full = {
    ...view,
    host: `${LONG}.example.org`,
    open_incidents: [open],
    pauses: [{ id: "p", worker: LONG, reason: text, by: "ann\u001b[2J", until: "2026-02-13T16:26:40.000Z" }],
    budget: { host_remaining: 0, workers: { [LONG]: 0 } },
  };
  const look = { colour: false, width: 80 };
  const refused = { at: "2026-02-13T16:26:40Z", reason: "unknown_worker", alertname: LONG, worker: LONG, host: LONG };
  const lines = [
    ...renderStatus(full, look),
    ...renderHistory({ incidents: [open], refused: [{ ...refused, source: "webhook" } as never] }, look),
  ];
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
  expect(lines.join("\n")).not.toContain("\u001b");
  // Names of a group are told apart by their end.
  expect(lines.some((line) => /^a-work.*….*-49 /.test(line))).toBe(true);
});
