// Any journal entry, for property tests.
import fc from "fast-check";
import { END_STATES, type Incident, OPEN_STATES } from "../../../remediator/incidents/incident.ts";
import type { Entry, JournalRecord } from "../../../remediator/incidents/journal-entry.ts";
import { EXIT_REASONS, REASONS, SUPPRESS_REASONS } from "../../../remediator/incidents/reason.ts";

/** What people and enemies write: lone surrogates, NUL, newlines, quotes, the journal's own syntax. */
const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.constantFrom("", "\n", "\0", "\ud800", '","crc":"00000000"}', "__proto__", "\u2028", "$(reboot)", "../../etc"),
);
const anySeconds = fc.double({ min: -1e9, max: 1e12, noNaN: true }).map((value) => (Object.is(value, -0) ? 0 : value));
const anyStamp = fc.record({ mono: anySeconds, wall: anySeconds });
const anyWorker = fc.constantFrom("w-1", "w-2", "train");
const anyReason = fc.constantFrom(...REASONS);
const anySuppressed = fc.constantFrom(...SUPPRESS_REASONS);
const anyIncarnation = fc.record({ bootId: anyText, pid: fc.nat(), startTicks: fc.maxSafeNat() });

const anyHappening = fc.record(
  {
    at: anyStamp,
    text: anyText,
    action: fc.constantFrom(
      "relieve" as const,
      "drain" as const,
      "terminate" as const,
      "kill" as const,
      "start" as const,
    ),
    outcome: fc.constantFrom("done" as const, "ineffective" as const, "failed" as const, "timed_out" as const),
    tookSeconds: anySeconds,
  },
  { requiredKeys: ["at", "text"] },
);

export const anyIncident: fc.Arbitrary<Incident> = fc.record(
  {
    id: fc.constantFrom("i-1", "i-2", "i-3", "i-4"),
    target: fc.oneof(
      anyWorker.map((worker) => ({ kind: "worker" as const, worker })),
      fc.constant({ kind: "host" as const }),
    ),
    ladder: fc.constantFrom("relieve", "recycle", "restart", "restart_largest", "start", "stop"),
    reason: anyReason,
    source: fc.constantFrom("webhook", "guard", "operator", "supervision"),
    alertname: anyText,
    by: anyText,
    force: fc.boolean(),
    state: fc.constantFrom(...OPEN_STATES, ...END_STATES),
    blocked: anySuppressed,
    suppressed: anySuppressed,
    incarnation: anyIncarnation,
    members: fc.array(anyIncarnation, { maxLength: 2 }),
    signalled: fc.boolean(),
    startId: anyText,
    startAttempts: fc.nat(),
    startFailedAt: anySeconds,
    replacement: anyIncarnation,
    victims: fc.array(anyText, { maxLength: 2 }),
    openedAt: anyStamp,
    changedAt: anyStamp,
    deadline: anySeconds,
    story: fc.array(anyHappening, { maxLength: 4 }),
  },
  { requiredKeys: ["id", "target", "ladder", "reason", "source", "state", "openedAt", "changedAt", "story"] },
);

export const anyEntry: fc.Arbitrary<Entry> = fc.oneof(
  fc.record({ type: fc.constant("daemon" as const), version: anyText, pid: fc.nat(), bootId: anyText }),
  anyIncident.map((incident) => ({ type: "incident" as const, incident })),
  fc.record({
    type: fc.constant("refused" as const),
    reason: anySuppressed,
    alertname: anyText,
    worker: anyText,
    host: anyText,
    source: anyText,
  }),
  fc.record(
    { type: fc.constant("seen" as const), worker: anyWorker, incarnation: anyIncarnation, reason: anyReason },
    { requiredKeys: ["type", "worker", "incarnation"] },
  ),
  fc.record(
    {
      type: fc.constant("exit" as const),
      worker: anyWorker,
      incarnation: anyIncarnation,
      code: fc.nat({ max: 255 }),
      reason: fc.constantFrom(...EXIT_REASONS),
      atWall: anySeconds,
      young: fc.boolean(),
    },
    { requiredKeys: ["type", "worker", "incarnation", "reason", "atWall", "young"] },
  ),
  fc.record({
    type: fc.constant("start" as const),
    worker: anyWorker,
    incident: anyText,
    reason: anyReason,
    urgent: fc.boolean(),
  }),
  fc.record({ type: fc.constant("released" as const), worker: anyWorker }),
  fc.record({
    type: fc.constant("desired" as const),
    worker: anyWorker,
    desired: fc.constantFrom("up" as const, "down" as const),
    reason: fc.constantFrom("operator" as const, "finished" as const, "none" as const),
    by: anyText,
  }),
  fc
    .record(
      { id: fc.constantFrom("p-1", "p-2"), worker: anyWorker, reason: anyText, by: anyText, untilWall: anySeconds },
      { requiredKeys: ["id", "reason", "by", "untilWall"] },
    )
    .map((pause) => ({ type: "pause" as const, pause })),
  fc.record({ type: fc.constant("resume" as const), id: fc.constantFrom("p-1", "p-2"), by: anyText }),
  fc.record({
    type: fc.constant("quarantine" as const),
    worker: anyWorker,
    reason: anyReason,
    incident: anyText,
    holds: fc.constantFrom("stopped" as const, "running" as const),
  }),
  fc.record({ type: fc.constant("clear" as const), worker: anyWorker, by: anyText }),
  fc.record({
    type: fc.constant("order" as const),
    action: fc.constantFrom("start" as const, "restart" as const),
    worker: anyWorker,
    by: anyText,
    force: fc.boolean(),
  }),
);

export const anyRecord: fc.Arbitrary<JournalRecord> = fc.record({
  seq: fc.nat(),
  at: anyStamp,
  bootId: anyText,
  entry: anyEntry,
});
