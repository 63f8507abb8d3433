import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { JOURNAL_FILE, Journal, JournalError, readJournal } from "../../../remediator/incidents/journal.ts";
import { decodeJournal, decodeRecord, encodeRecord } from "../../../remediator/incidents/journal-codec.ts";
import type { Entry, JournalRecord } from "../../../remediator/incidents/journal-entry.ts";
import { mustOutliveMachine } from "../../../remediator/incidents/journal-entry.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { BOOT, incident, NOW } from "./builders.ts";
import { anyEntry, anyRecord } from "./entries.ts";

const ENTRIES: readonly Entry[] = [
  { type: "daemon", version: "0.1.0", pid: 7, bootId: BOOT },
  { type: "incident", incident: incident({ alertname: "Höhe\n\0" }) },
  { type: "clear", worker: "w", by: "ann" },
];

function clear(by: string): Entry {
  return { type: "clear", worker: "w", by };
}

function written(directory: string, ...entries: Entry[]): JournalRecord[] {
  const { journal } = Journal.open(directory, BOOT);
  const records = journal.append(entries, NOW, false);
  journal.close();
  return records;
}

function makers(records: readonly JournalRecord[]): string[] {
  return records.map(({ entry }) => (entry.type === "clear" ? entry.by : entry.type));
}

describe("a record", () => {
  test("of any entry is read back as it was written, from one line", () => {
    fc.assert(
      fc.property(anyRecord, (record) => {
        const line = encodeRecord(record);
        expect(line.indexOf("\n")).toBe(line.length - 1);
        expect(decodeRecord(line.slice(0, -1))).toEqual(record);
      }),
    );
  });

  test("that has lost or changed any one character is not taken for one", () => {
    const line = encodeRecord({ seq: 1, at: NOW, bootId: BOOT, entry: clear("ann") }).slice(0, -1);
    for (let at = 0; at < line.length; at += 1) {
      expect(decodeRecord(line.slice(0, at) + line.slice(at + 1))).toBeUndefined();
      expect(decodeRecord(`${line.slice(0, at)}~${line.slice(at + 1)}`)).toBeUndefined();
    }
  });

  test.each(["", "{}", "null", '{"seq":1}', ',"crc":"00000000"}', "\0\0\0", '{"a":1,"crc":"zzzzzzzz"}'])(
    "is not found in %j",
    (text) => {
      expect(decodeRecord(text)).toBeUndefined();
    },
  );

  test("with a good checksum around what is no JSON is damaged, not a crash", () => {
    // CRC-32 of `{nonsense}`.
    expect(decodeRecord('{nonsense,"crc":"ccd48a88"}')).toBeUndefined();
  });
});

describe("a journal", () => {
  test("is read back after any batches, in order, and its sequence goes on without a gap", () => {
    fc.assert(
      fc.property(fc.array(fc.array(anyEntry, { maxLength: 4 }), { maxLength: 6 }), (batches) => {
        const directory = temporaryDirectory();
        const records = batches.flatMap((batch) => written(directory, ...batch));
        const read = readJournal(directory);
        expect(read.problems).toEqual([]);
        expect(read.records).toEqual(records);
        expect(read.records.map(({ seq }) => seq)).toEqual(records.map((_, index) => index + 1));
      }),
      { numRuns: 40 },
    );
  });

  test("that does not exist is an empty one", () => {
    expect(readJournal(join(temporaryDirectory(), "none"))).toEqual({ records: [], problems: [], goodBytes: 0 });
  });

  test("cut at any byte gives every record that is whole, and is written on from there", () => {
    const source = temporaryDirectory();
    written(source, ...ENTRIES);
    const bytes = readFileSync(join(source, JOURNAL_FILE));
    const whole = decodeJournal(bytes).records;
    const ends = [...bytes.keys()].filter((at) => bytes[at] === 0x0a).map((at) => at + 1);
    const directory = temporaryDirectory();
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      writeFileSync(join(directory, JOURNAL_FILE), bytes.subarray(0, cut));
      const kept = ends.filter((end) => end <= cut).length;
      const { journal, contents } = Journal.open(directory, BOOT);
      expect(contents.records).toEqual(whole.slice(0, kept));
      expect(contents.problems).toHaveLength(cut === 0 || ends.includes(cut) ? 0 : 1);
      const [next] = journal.append([clear("next")], NOW, false);
      journal.close();
      expect(next?.seq).toBe(kept + 1);
      const after = readJournal(directory);
      expect(after.problems).toEqual([]);
      expect(after.records).toHaveLength(kept + 1);
    }
  });

  test("whose middle is damaged says where, and keeps the rest and the damage", () => {
    const directory = temporaryDirectory();
    written(directory, clear("a"), clear("b"), clear("c"));
    const path = join(directory, JOURNAL_FILE);
    const text = readFileSync(path, "utf8").replace('"by":"b"', '"by":"x"');
    writeFileSync(path, text);
    const { journal, contents } = Journal.open(directory, BOOT);
    expect(contents.problems).toEqual(["line 2: damaged"]);
    expect(makers(contents.records)).toEqual(["a", "c"]);
    expect(journal.append([clear("d")], NOW, false)[0]?.seq).toBe(4);
    journal.close();
    expect(readFileSync(path, "utf8").startsWith(text)).toBe(true);
  });

  test("with anything at all in it is opened, and what is appended is read back", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (garbage) => {
        const directory = temporaryDirectory();
        written(directory, clear("a"));
        appendFileSync(join(directory, JOURNAL_FILE), garbage);
        written(directory, clear("b"));
        expect(makers(readJournal(directory).records)).toEqual(["a", "b"]);
      }),
      { numRuns: 50 },
    );
  });

  test("is readable by its owner and group alone", () => {
    const directory = temporaryDirectory();
    written(directory, clear("a"));
    expect(statSync(join(directory, JOURNAL_FILE)).mode & 0o007).toBe(0);
  });

  test("is closed while it is being synced behind, once, and takes nothing after that", () => {
    const { journal } = Journal.open(temporaryDirectory(), BOOT);
    for (const by of ["a", "b", "c"]) journal.append([clear(by)], NOW, false);
    journal.close();
    journal.close();
    expect(() => journal.append([clear("d")], NOW, false)).toThrow(JournalError);
  });
});

describe("a journal that cannot be written", () => {
  const NO_FOLDER = "the state directory must be a folder that this user may write";
  test.each<[string, (directory: string) => string, string]>([
    ["its folder is a file", (directory) => asFile(join(directory, "state")), NO_FOLDER],
    ["a parent of its folder is a file", (directory) => join(asFile(join(directory, "state")), "inner"), NO_FOLDER],
    ["its file is a folder", (directory) => withJournal(directory, mkdirSync), "it is a folder; move it away"],
    [
      "its file is a link",
      (directory) => withJournal(directory, (file) => symlinkSync(directory, file)),
      "it is a link; put the file in its place",
    ],
  ])("is refused with one sentence that names the file, the remedy and the key: %s", (_title, prepare, remedy) => {
    const state = prepare(temporaryDirectory());
    expect(() => Journal.open(state, BOOT)).toThrow(JournalError);
    expect(() => Journal.open(state, BOOT)).toThrow(
      new RegExp(
        `^the journal ${join(state, JOURNAL_FILE)} cannot be opened \\([A-Z]+\\): ${remedy}, or set state_directory`,
      ),
    );
  });

  test("because the disk is full keeps nothing of the batch, and goes on without a gap when there is room again", async () => {
    const directory = temporaryDirectory();
    const child = spawn(
      "/bin/sh",
      [
        "-c",
        // Files of at most 4 KiB; a write beyond that fails instead of ending the process.
        `trap '' XFSZ; ulimit -S -f 8; exec "$0" --import tsx "$@"`,
        process.execPath,
        fileURLToPath(new URL("./fill-journal.ts", import.meta.url)),
        directory,
      ],
      { stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, TSX_DISABLE_CACHE: "1" } },
    );
    onTestFinished(() => void child.kill("SIGKILL"));
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const next = async () => JSON.parse(String((await lines.next()).value)) as Record<string, unknown>;

    const full = await next();
    expect(full).toMatchObject({ code: "journal_unwritable", message: "the journal cannot be written (EFBIG)" });
    const kept = Number(full.kept);
    expect(kept).toBeGreaterThan(0);
    const meanwhile = readJournal(directory);
    expect(meanwhile.problems).toEqual([]);
    expect(meanwhile.records).toHaveLength(kept);

    execFileSync("prlimit", ["--pid", String(child.pid), "--fsize=unlimited"]);
    child.stdin.end("go\n");
    expect(await next()).toEqual({ said: "went on", seq: kept + 1 });
    await once(child, "exit");
    const after = readJournal(directory);
    expect(after.problems).toEqual([]);
    expect(after.records.map(({ seq }) => seq)).toEqual(Array.from({ length: kept + 1 }, (_, index) => index + 1));
  });
});

test("what people order and what budgets count waits for the disk; nothing else does", () => {
  const durable: Entry[] = [
    { type: "desired", worker: "w", desired: "down", reason: "operator", by: "ann" },
    { type: "pause", pause: { id: "p", reason: "r", by: "ann", untilWall: 1 } },
    { type: "resume", id: "p", by: "ann" },
    { type: "quarantine", worker: "w", reason: "crash", incident: "i", holds: "stopped" },
    { type: "clear", worker: "w", by: "ann" },
    { type: "start", worker: "w", incident: "i", reason: "crash", urgent: true },
    { type: "incident", incident: incident({ source: "operator" }) },
  ];
  const quick: Entry[] = [
    { type: "incident", incident: incident() },
    { type: "daemon", version: "1", pid: 1, bootId: BOOT },
    { type: "released", worker: "w" },
    { type: "refused", reason: "no_host", alertname: "", worker: "", host: "", source: "webhook" },
  ];
  expect(durable.map(mustOutliveMachine)).not.toContain(false);
  expect(quick.map(mustOutliveMachine)).not.toContain(true);
});

function withJournal(directory: string, make: (file: string) => void): string {
  make(join(directory, JOURNAL_FILE));
  return directory;
}

function asFile(path: string): string {
  writeFileSync(path, "");
  return path;
}
