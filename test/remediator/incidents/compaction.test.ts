import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Stamp } from "../../../remediator/incidents/clock.ts";
import { compacted } from "../../../remediator/incidents/compaction.ts";
import { type Incident, isOpen } from "../../../remediator/incidents/incident.ts";
import { JOURNAL_FILE, Journal, readJournal } from "../../../remediator/incidents/journal.ts";
import type { JournalRecord } from "../../../remediator/incidents/journal-entry.ts";
import { Ledger } from "../../../remediator/incidents/ledger.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { at, BOOT, incident, MIB, NOW } from "./builders.ts";
import { anyEntry } from "./entries.ts";

const RETENTION = { maxAgeSeconds: 90 * 86_400, maxBytes: 16 * MIB };

/** Entries as a life brings them: one second after the other, all of this boot. */
const anyLife = fc
  .array(anyEntry, { maxLength: 60 })
  .map((entries) =>
    entries.map((entry, index): JournalRecord => ({ seq: index + 1, at: at(index - 60), bootId: BOOT, entry })),
  );

function stateOf(records: readonly JournalRecord[]) {
  const ledger = Ledger.fold(records, BOOT, NOW);
  const workers = ["w-1", "w-2", "train"].map((name) => {
    const { seenAt: _onlyForPeople, ...known } = ledger.worker(name);
    return known;
  });
  return {
    workers,
    open: new Map(ledger.openIncidents().map((open) => [open.id, open])),
    pauses: ledger.pauses,
    renewals: ledger.renewals,
    actions: ledger.actions,
    suppressed: ledger.suppressed,
  };
}

/** What has ended is over: no later record speaks of it, and a journal may forget it. */
function endedIn(records: readonly JournalRecord[]): ReadonlySet<string> {
  const { incidents } = Ledger.fold(records, BOOT, NOW);
  return new Set([...incidents.values()].filter((incident) => !isOpen(incident)).map(({ id }) => id));
}

describe("a compacted journal", () => {
  test("folds to the same state, whatever has happened", () => {
    fc.assert(
      fc.property(anyLife, (life) => {
        expect(stateOf(compacted(life, BOOT, NOW, RETENTION))).toEqual(stateOf(life));
      }),
    );
  });

  test("goes on folding to the same state, compacted again and again", () => {
    fc.assert(
      fc.property(anyLife, anyLife, (first, second) => {
        const over = endedIn(first);
        const later = second
          .filter(({ entry }) => entry.type !== "incident" || !over.has(entry.incident.id))
          .map((record) => ({ ...record, seq: record.seq + 1000 }));
        const once = [...compacted(first, BOOT, NOW, RETENTION), ...later];
        expect(stateOf(compacted(once, BOOT, NOW, RETENTION))).toEqual(stateOf([...first, ...later]));
      }),
    );
  });

  test("still knows a worker of which only a former summary speaks", () => {
    const acted = (seq: number, target: Incident["target"], state: Incident["state"]): JournalRecord => ({
      seq,
      at: at(seq - 60),
      bootId: BOOT,
      entry: {
        type: "incident",
        incident: incident({ target, state, incarnation: { bootId: BOOT, pid: 7, startTicks: 9 } }),
      },
    });
    const life = [acted(1, { kind: "worker", worker: "w-2" }, "killing"), acted(2, { kind: "host" }, "resolved")];
    const once = compacted(life, BOOT, NOW, RETENTION);
    expect(stateOf(compacted(once, BOOT, NOW, RETENTION))).toEqual(stateOf(life));
    expect(Ledger.fold(once, BOOT, NOW).worker("w-2").actedOn).toBe(`7@9@${BOOT}`);
  });

  test("takes the place of a large one, which goes on from its last number", () => {
    const directory = temporaryDirectory();
    const { journal } = Journal.open(directory, BOOT);
    const entry = { type: "incident", incident: incident({ state: "resolved" }) } as const;
    while (!journal.wantsCompaction(RETENTION, NOW)) journal.append(Array(500).fill(entry), NOW, true);
    const before = statSync(join(directory, JOURNAL_FILE)).size;
    const last = readJournal(directory).records.at(-1)?.seq ?? 0;
    journal.compact((records) => compacted(records, BOOT, NOW, RETENTION), NOW);
    expect(statSync(join(directory, JOURNAL_FILE)).size).toBeLessThan(before / 100);
    expect(journal.wantsCompaction(RETENTION, NOW)).toBe(false);
    const [appended] = journal.append([{ type: "clear", worker: "w", by: "ann" }], NOW, true);
    expect(appended?.seq).toBe(last + 2);
    journal.close();
    const { records, problems } = readJournal(directory);
    expect(problems).toEqual([]);
    expect(records.map(({ entry: { type } }) => type)).toEqual(["incident", "summary", "clear"]);
  });

  test("forgets what has ended long ago, and keeps below its size by forgetting the oldest first", () => {
    const ended = (id: string, changedAt: Stamp): JournalRecord => ({
      seq: 1,
      at: changedAt,
      bootId: BOOT,
      entry: {
        type: "incident",
        incident: incident({ id, state: "resolved", changedAt, story: [{ at: changedAt, text: "x".repeat(1000) }] }),
      },
    });
    const ids = (records: readonly JournalRecord[]) =>
      records.flatMap(({ entry }) => (entry.type === "incident" ? [entry.incident.id] : []));
    const life = [ended("old", at(-100)), ended("a", at(-9)), ended("b", at(-8)), ended("c", at(-7))];
    expect(ids(compacted(life, BOOT, NOW, { maxAgeSeconds: 50, maxBytes: MIB }))).toEqual(["a", "b", "c"]);
    const tight = compacted(life, BOOT, NOW, { maxAgeSeconds: 50, maxBytes: 7000 });
    expect(ids(tight)).toEqual(["b", "c"]);
    const open: JournalRecord = { ...ended("open", at(-200)) };
    if (open.entry.type === "incident")
      open.entry = { type: "incident", incident: { ...open.entry.incident, state: "holding" } };
    expect(ids(compacted([open, ...life], BOOT, NOW, { maxAgeSeconds: 50, maxBytes: 1 }))).toEqual(["open"]);
  });

  test("is made anew once a day if anything has been written since", () => {
    const { journal } = Journal.open(temporaryDirectory(), BOOT);
    journal.append([{ type: "clear", worker: "w", by: "ann" }], NOW, true);
    const wants = (seconds: number) => journal.wantsCompaction(RETENTION, at(seconds));
    expect([wants(0), wants(86_000), wants(87_000)]).toEqual([false, false, true]);
    journal.compact((records) => records, at(87_000));
    expect(wants(200_000)).toBe(false);
    journal.close();
  });

  test("leaves the damage of the old one beside it", () => {
    const directory = temporaryDirectory();
    const file = join(directory, JOURNAL_FILE);
    const first = Journal.open(directory, BOOT).journal;
    first.append([{ type: "clear", worker: "w", by: "ann" }], NOW, true);
    first.close();
    writeFileSync(file, `evidence\n${readFileSync(file, "utf8")}`);
    const { journal } = Journal.open(directory, BOOT);
    journal.compact((records) => records, NOW);
    journal.close();
    expect(readJournal(directory).problems).toEqual([]);
    const [kept] = readdirSync(directory).filter((name) => name.includes("damaged"));
    expect(readFileSync(join(directory, kept ?? ""), "utf8")).toContain("evidence");
  });
});
