import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeRecord, encodeRecord } from "../../../remediator/incidents/journal-codec.ts";
import type { Entry, JournalRecord } from "../../../remediator/incidents/journal-entry.ts";
import { Ledger } from "../../../remediator/incidents/ledger.ts";
import { incarnationKey } from "../../../worker/incarnation.ts";
import { at, BOOT, incarnation, incident, NOW, OTHER_BOOT } from "./builders.ts";
import { anyEntry } from "./entries.ts";

const WORKERS = ["w-1", "w-2", "train"];

function records(entries: readonly Entry[], bootId = BOOT): JournalRecord[] {
  return entries.map((entry, index) => ({ seq: index + 1, at: at(index), bootId, entry }));
}

function folded(...entries: Entry[]): Ledger {
  return Ledger.fold(records(entries), BOOT, at(entries.length));
}

function stateOf(ledger: Ledger) {
  return {
    incidents: [...ledger.incidents],
    pauses: [...ledger.pauses],
    refusals: ledger.refusals,
    renewals: ledger.renewals,
    actions: [...ledger.actions],
    suppressed: [...ledger.suppressed],
    workers: WORKERS.map((name) => ledger.worker(name)),
  };
}

test("a journal that is folded gives the very state that its writer had", () => {
  fc.assert(
    fc.property(fc.array(anyEntry, { maxLength: 30 }), (entries) => {
      const live = new Ledger();
      const lines = records(entries).map((record) => {
        live.apply(record.entry, record.at);
        return encodeRecord(record).trimEnd();
      });
      const read = lines.flatMap((line) => decodeRecord(line) ?? []);
      expect(stateOf(Ledger.fold(read, BOOT, at(100)))).toEqual(stateOf(live));
    }),
  );
});

describe("an incident", () => {
  const opened = incident();
  const done = { at: at(3), text: "gone", action: "terminate", outcome: "done", tookSeconds: 1 } as const;

  test("is open until its last record says otherwise", () => {
    const ledger = folded({ type: "incident", incident: opened });
    expect(ledger.openIncidentOf("w")).toEqual(opened);
    expect(ledger.openIncidentOf("v")).toBeUndefined();
    ledger.apply({ type: "incident", incident: { ...opened, state: "resolved" } }, at(5));
    expect(ledger.openIncidents()).toEqual([]);
    expect(ledger.lastIncidentOf("w")?.state).toBe("resolved");
  });

  test("of the host is nobody's, and the other way round", () => {
    const ledger = folded({ type: "incident", incident: incident({ target: { kind: "host" } }) });
    expect(ledger.openHostIncident()).toBeDefined();
    expect(ledger.openIncidentOf("w")).toBeUndefined();
    expect(ledger.lastIncidentOf("w")).toBeUndefined();
  });

  test("counts each line of its story once, however often it is written down", () => {
    const story = [...opened.story, done];
    const later = [...story, { ...done, at: at(4), action: "start" as const }];
    const ledger = folded(
      { type: "incident", incident: opened },
      { type: "incident", incident: { ...opened, story } },
      { type: "incident", incident: { ...opened, story } },
      { type: "incident", incident: { ...opened, story: later } },
    );
    expect([...ledger.actions]).toEqual([
      ["terminate/done", 1],
      ["start/done", 1],
    ]);
  });

  test("counts new lines also when the middle of a long story was dropped", () => {
    const lines = Array.from({ length: 60 }, (_, index) => ({ at: at(index), text: `line ${index}` }));
    const cut = [...lines.slice(0, 10), ...lines.slice(11), done];
    const ledger = folded(
      { type: "incident", incident: { ...opened, story: lines } },
      { type: "incident", incident: { ...opened, story: cut } },
    );
    expect([...ledger.actions]).toEqual([["terminate/done", 1]]);
  });

  test("counts what holds it back when that changes, not at every look", () => {
    const ledger = folded(
      { type: "incident", incident: opened },
      { type: "incident", incident: { ...opened, blocked: "budget" } },
      { type: "incident", incident: { ...opened, blocked: "budget" } },
      { type: "incident", incident: { ...opened, blocked: "cooldown" } },
      { type: "incident", incident: { ...opened, state: "cancelled", suppressed: "not_reproduced" } },
    );
    expect([...ledger.suppressed]).toEqual([
      ["budget", 1],
      ["cooldown", 1],
      ["not_reproduced", 1],
    ]);
  });

  test.each(["terminating", "killing"] as const)("that is %s has acted on its process", (state) => {
    const ledger = folded({ type: "incident", incident: { ...opened, state } });
    expect(ledger.worker("w").actedOn).toBe(incarnationKey(incarnation()));
  });

  test.each(["open", "draining", "holding"] as const)("that is %s has not", (state) => {
    const ledger = folded({ type: "incident", incident: { ...opened, state } });
    expect(ledger.worker("w").actedOn).toBeUndefined();
  });

  test("that has ended is forgotten when two thousand younger ones are known; an open one never is", () => {
    const open = incident({ id: "open" });
    const entries = Array.from({ length: 2100 }, (_, index): Entry => {
      return { type: "incident", incident: incident({ id: `ended-${index}`, state: "resolved" }) };
    });
    const ledger = folded({ type: "incident", incident: open }, ...entries);
    expect(ledger.incidents.size).toBe(2000);
    expect(ledger.incidents.get("open")).toEqual(open);
    expect(ledger.incidents.has("ended-0")).toBe(false);
    expect(ledger.incidents.has("ended-2099")).toBe(true);
  });
});

describe("a worker", () => {
  const first = incarnation(1);
  const second = incarnation(2);
  const exit = (young: boolean): Entry => {
    return { type: "exit", worker: "w", incarnation: first, code: 1, reason: "error", atWall: 5, young };
  };

  test("counts restarts by reason, the first process not among them, and exits", () => {
    const {
      restarts,
      exits,
      ended,
      incarnation: known,
    } = folded({ type: "seen", worker: "w", incarnation: first }, exit(false), {
      type: "seen",
      worker: "w",
      incarnation: second,
      reason: "crash",
    }).worker("w");
    expect([...restarts]).toEqual([["crash", 1]]);
    expect([...exits]).toEqual([["error", 1]]);
    expect({ ended, known }).toEqual({ ended: false, known: second });
  });

  test("counts deaths at a young age until one at an old age, or until an operator clears it", () => {
    expect(folded(exit(true), exit(true)).worker("w").youngDeaths).toBe(2);
    expect(folded(exit(true), exit(true), exit(false)).worker("w").youngDeaths).toBe(0);
    expect(folded(exit(true), { type: "clear", worker: "w", by: "ann" }).worker("w").youngDeaths).toBe(0);
  });

  test("that ended with a foreground pitcrew begins anew, its counters kept", () => {
    const known = folded({ type: "seen", worker: "w", incarnation: first }, exit(true), {
      type: "released",
      worker: "w",
    }).worker("w");
    expect(known).toMatchObject({ incarnation: undefined, ended: true, youngDeaths: 0 });
    expect([...known.exits]).toEqual([["error", 1]]);
  });

  test("is in quarantine until it is cleared", () => {
    const quarantined: Entry = { type: "quarantine", worker: "w", reason: "crash", incident: "i", holds: "stopped" };
    expect(folded(quarantined).worker("w").quarantine).toMatchObject({ reason: "crash", holds: "stopped" });
    expect(folded(quarantined, { type: "clear", worker: "w", by: "ann" }).worker("w").quarantine).toBeUndefined();
  });
});

describe("over boots", () => {
  const start: Entry = { type: "start", worker: "w", incident: "i-1", reason: "memory_limit", urgent: true };

  test("budgets are rebuilt on this boot's clock", () => {
    const before: JournalRecord = {
      seq: 1,
      at: { mono: 999_999, wall: NOW.wall - 300 },
      bootId: OTHER_BOOT,
      entry: start,
    };
    const ledger = Ledger.fold([before, ...records([start])], BOOT, NOW);
    expect(ledger.renewals.map((renewal) => renewal.at.mono)).toEqual([NOW.mono - 300, NOW.mono]);
  });

  test("an incident is known to be of the boot in which it was last written down", () => {
    const before = records([{ type: "incident", incident: incident({ id: "a" }) }], OTHER_BOOT);
    const after = records([{ type: "incident", incident: incident({ id: "b" }) }]);
    const ledger = Ledger.fold([...before, ...after], BOOT, NOW);
    expect(ledger.bootOf("a")).toBe(OTHER_BOOT);
    expect(ledger.bootOf("b")).toBe(BOOT);
  });

  test("starts of more than a day ago are forgotten", () => {
    const old: JournalRecord = { seq: 1, at: at(-86_401), bootId: BOOT, entry: start };
    expect(Ledger.fold([old, ...records([start])], BOOT, NOW).renewals).toHaveLength(1);
  });
});

test("an entry of a later version is passed over", () => {
  const unknown = { type: "from_the_future", worker: "w" } as unknown as Entry;
  expect(() => folded(unknown, { type: "clear", worker: "w", by: "ann" })).not.toThrow();
});

test("of five hundred refusals the oldest are forgotten, but counted", () => {
  const refused: Entry = {
    type: "refused",
    reason: "no_host",
    alertname: "A",
    worker: "",
    host: "",
    source: "webhook",
  };
  const ledger = folded(...Array.from({ length: 510 }, () => refused));
  expect(ledger.refusals).toHaveLength(500);
  expect(ledger.suppressed.get("no_host")).toBe(510);
});
