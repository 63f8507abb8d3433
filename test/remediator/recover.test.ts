import { describe, expect, test } from "vitest";
import type { JournalRecord } from "../../remediator/incidents/journal-entry.ts";
import { Ledger } from "../../remediator/incidents/ledger.ts";
import { closeAll, closeOfFormerBoot } from "../../remediator/recover.ts";
import { BOOT, incident, NOW, OTHER_BOOT } from "./incidents/builders.ts";

function record(bootId: string, id: string, state: "terminating" | "resolved" = "terminating"): JournalRecord {
  const about = incident({ id, state, target: { kind: "worker", worker: id }, blocked: "budget" });
  return { seq: 1, at: NOW, bootId, entry: { type: "incident", incident: about } };
}

describe("after a boot", () => {
  const daemon: JournalRecord = {
    seq: 9,
    at: NOW,
    bootId: BOOT,
    entry: { type: "daemon", version: "1", pid: 1, bootId: BOOT },
  };

  test("incidents of the boot before are over: it has ended every process that they were about", () => {
    const ledger = Ledger.fold([record(OTHER_BOOT, "a"), record(OTHER_BOOT, "b", "resolved")], BOOT, NOW);
    const closed = closeOfFormerBoot(ledger, BOOT, NOW);
    expect(closed).toMatchObject([{ incident: { id: "a", state: "superseded" } }]);
    expect(closed[0]).not.toHaveProperty("incident.blocked");
  });

  test("they are over also if a pitcrew of this boot died before it had written that down", () => {
    const ledger = Ledger.fold([record(OTHER_BOOT, "a"), daemon, record(BOOT, "b")], BOOT, NOW);
    expect(closeOfFormerBoot(ledger, BOOT, NOW)).toMatchObject([{ incident: { id: "a" } }]);
  });

  test("incidents of this boot go on", () => {
    const ledger = Ledger.fold([record(BOOT, "a")], BOOT, NOW);
    expect(closeOfFormerBoot(ledger, BOOT, NOW)).toEqual([]);
    expect(closeOfFormerBoot(new Ledger(), BOOT, NOW)).toEqual([]);
  });
});

test("whoever ends everything says why in each story", () => {
  const ledger = Ledger.fold([record(BOOT, "a"), record(BOOT, "b")], BOOT, NOW);
  const closed = closeAll(ledger, NOW, "cancelled", "the end").flatMap((entry) =>
    entry.type === "incident" ? [entry.incident] : [],
  );
  expect(closed.map(({ id, state, story }) => [id, state, story.at(-1)?.text])).toEqual([
    ["a", "cancelled", "the end"],
    ["b", "cancelled", "the end"],
  ]);
});
