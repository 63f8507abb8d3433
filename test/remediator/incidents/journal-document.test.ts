// docs/journal.md is read by people who write scripts: it may not drift from what is written.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeRecord } from "../../../remediator/incidents/journal-codec.ts";
import { PROJECT } from "../../support/pitcrew.ts";
import { anyEntry } from "./entries.ts";

const DOCUMENT = readFileSync(join(PROJECT, "docs", "journal.md"), "utf8");
const SOURCE = readFileSync(join(PROJECT, "remediator", "incidents", "journal-entry.ts"), "utf8");

test("the document names every type of entry, and no other", () => {
  const rows = DOCUMENT.slice(DOCUMENT.indexOf("## Entries"), DOCUMENT.indexOf("## When")).split("\n");
  const documented = rows.flatMap((row) =>
    row.startsWith("| `") && !row.startsWith("| `type`")
      ? [...(row.split("|")[1] ?? "").matchAll(/`([a-z]+)`/g)].map(([, type]) => type)
      : [],
  );
  // The type's own text, because types are gone at run time.
  const typed = SOURCE.slice(SOURCE.indexOf("export type Entry ="), SOURCE.indexOf("export interface JournalRecord"));
  const types = [...typed.matchAll(/type: "([a-z]+)"/g)].map(([, type]) => type);
  expect(types.length).toBeGreaterThan(10);
  expect(new Set(documented)).toEqual(new Set(types));
  for (const { type } of fc.sample(anyEntry, 200)) expect(documented).toContain(type);
});

test("a script can check a line as the document says", () => {
  const line = '{"seq":7,"at":1,"mono":2,"boot":"b","entry":{"type":"clear","worker":"w","by":"ann"}}';
  // CRC-32 of the line, by another program: python3 -c 'import zlib; print("%08x" % zlib.crc32(line))'
  expect(decodeRecord(`${line.slice(0, -1)},"crc":"2e3dc578"}`)).toMatchObject({ seq: 7, entry: { by: "ann" } });
});
