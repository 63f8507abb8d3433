// What happens while the disk refuses the journal, and what is made of it when the disk takes it again.
import { describe, expect, test } from "vitest";
import { JournalError } from "../../../remediator/incidents/journal.ts";
import type { Entry, JournalRecord } from "../../../remediator/incidents/journal-entry.ts";
import { Ledger } from "../../../remediator/incidents/ledger.ts";
import { Store } from "../../../remediator/incidents/store.ts";
import { at, BOOT, incarnation, incident } from "./builders.ts";

function desk() {
  const records: JournalRecord[] = [];
  const lines: string[] = [];
  const disk = { isFull: false, room: Number.POSITIVE_INFINITY, seconds: 0 };
  const note = (message: string) => void lines.push(message);
  const told: Entry[] = [];
  const refuse = () => {
    throw new JournalError("the journal cannot be written (ENOSPC)");
  };
  const store = new Store(
    {
      clock: () => at(disk.seconds),
      journal: {
        append(entries, stamp) {
          if (disk.isFull || records.length + entries.length > disk.room) refuse();
          const made = entries.map((entry, index) => ({
            seq: records.length + index + 1,
            at: stamp,
            bootId: BOOT,
            entry,
          }));
          records.push(...made);
          return made;
        },
        probe: () => void (disk.isFull && refuse()),
      },
      log: { info: note, warn: note, error: note },
      onEntries: (entries) => void told.push(...entries),
    },
    new Ledger(),
  );
  const types = () => records.map(({ entry }) => entry.type);
  return { store, disk, records, lines, told, types };
}

function started(worker: string): Entry {
  return { type: "start", worker, incident: "i-1", reason: "crash", urgent: true };
}

describe("a journal that is refused for a while", () => {
  test("catches up in order and with the times at which things happened; the gap is on record", () => {
    const { store, disk, records, types } = desk();
    store.commit([started("a")]);
    disk.isFull = true;
    disk.seconds = 10;
    store.commit([started("b")]);
    disk.seconds = 20;
    store.commit([started("c")]);
    expect(store.journalWritable).toBe(false);
    expect(types()).toEqual(["start"]);
    disk.isFull = false;
    disk.seconds = 30;
    store.commit([started("d")]);
    expect(store.journalWritable).toBe(true);
    expect(types()).toEqual(["start", "start", "start", "gap", "start"]);
    expect(records.map((record) => record.at)).toEqual([at(0), at(10), at(20), at(30), at(30)]);
    expect(records[3]?.entry).toMatchObject({ sinceWall: at(10).wall, seconds: 20, dropped: 0 });
    // Whoever reads the journal knows what the one that wrote it knows: budgets above all.
    expect(Ledger.fold(records, BOOT, at(30)).renewals).toEqual(store.ledger.renewals);
  });

  test("is found to be writable again although nothing happens, and unwritable before anything does", () => {
    const { store, disk, types } = desk();
    store.probe();
    expect(store.journalWritable).toBe(true);
    disk.isFull = true;
    store.probe();
    expect(store.journalWritable).toBe(false);
    disk.isFull = false;
    store.probe();
    expect(store.journalWritable).toBe(true);
    expect(types()).toEqual(["gap"]);
  });

  test("catches up as far as there is room, and goes on from there", () => {
    const { store, disk, types } = desk();
    disk.isFull = true;
    for (const worker of ["a", "b", "c"]) store.commit([started(worker)]);
    disk.isFull = false;
    disk.room = 2;
    expect(store.catchUp()).toBeInstanceOf(JournalError);
    expect(types()).toEqual(["start", "start"]);
    disk.room = Number.POSITIVE_INFINITY;
    expect(store.catchUp()).toBeUndefined();
    expect(types()).toEqual(["start", "start", "start", "gap"]);
  });

  test("is logged and told like any other time", () => {
    const { store, disk, lines, told } = desk();
    disk.isFull = true;
    store.commit([{ type: "incident", incident: incident() }]);
    expect(lines).toEqual(["the journal cannot be written: only memory emergencies are acted on", "opened"]);
    expect(told).toHaveLength(1);
    store.catchUp();
    expect(lines).toHaveLength(2);
  });

  test("takes no promise, not even one that would fit behind what is waiting", () => {
    const { store, disk } = desk();
    disk.isFull = true;
    store.commit([started("a")]);
    disk.isFull = false;
    disk.room = 0;
    const clear: Entry = { type: "clear", worker: "w", by: "ann" };
    expect(() => store.commitOrRefuse([clear])).toThrow(JournalError);
    disk.room = Number.POSITIVE_INFINITY;
    store.commitOrRefuse([clear]);
    expect(store.journalWritable).toBe(true);
  });

  test("that lasts too long for all of it keeps what counts: what was acted on, how often, and what is under way", () => {
    const { store, disk, records } = desk();
    disk.isFull = true;
    const acting = incident({ state: "terminating", incarnation: incarnation(7) });
    store.commit([{ type: "incident", incident: acting }]);
    for (let count = 0; count < 5100; count += 1)
      store.commit([{ type: "refused", reason: "no_host", alertname: "", worker: "", host: "", source: "webhook" }]);
    disk.isFull = false;
    store.catchUp();
    expect(records.find(({ entry }) => entry.type === "gap")?.entry).toMatchObject({ dropped: 101 });
    const ledger = Ledger.fold(records, BOOT, at(0));
    expect(ledger.openIncidentOf("w")).toEqual(acting);
    expect(ledger.worker("w").actedOn).toBe(store.ledger.worker("w").actedOn);
    expect(ledger.suppressed.get("no_host")).toBe(5100);
  });
});
