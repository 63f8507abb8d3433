import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type BrakeRecord,
  brakeStreak,
  readBrakeRecord,
  writeBrakeRecord,
} from "../../../worker/files/brake-record.ts";
import { readExitRecord, writeExitRecord } from "../../../worker/files/exit-record.ts";
import { readPidRecord, writePidRecord } from "../../../worker/files/pid-record.ts";
import { readRequestRecord, writeRequestRecord } from "../../../worker/files/request-record.ts";
import * as paths from "../../../worker/files/run-directory.ts";
import { readStateRecord, writeStateRecord } from "../../../worker/files/state-record.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const incarnation = { bootId: "b-1", pid: 4242, startTicks: 99 };
const worker = "train-1";
const me = process.geteuid?.() ?? -1;

function brakeOf(record: Partial<BrakeRecord> = {}): BrakeRecord {
  return {
    version: 1,
    worker,
    incarnation,
    brakesTotal: 951,
    consecutiveBrakes: 2,
    limit: 10,
    lastBrakeSeconds: 1_700_000_000.5,
    handles: ["relief", "drain"],
    ending: undefined,
    ...record,
  };
}

describe("every record reads back as it was written", () => {
  test("pid", () => {
    const run = temporaryDirectory();
    const record = { version: 1, worker, incarnation, session: 4241, startId: "s-1" } as const;
    expect(readPidRecord(run, worker)).toEqual({ kind: "absent" });
    writePidRecord(run, record);
    expect(readPidRecord(run, worker)).toEqual({ kind: "ok", value: record });
    const json: unknown = JSON.parse(readFileSync(paths.pidRecordPath(run, worker), "utf8"));
    expect(json).toEqual({
      version: 1,
      worker,
      pid: 4242,
      start_ticks: 99,
      boot_id: "b-1",
      session: 4241,
      start_id: "s-1",
    });
  });

  test("exit", () => {
    const run = temporaryDirectory();
    const record = { version: 1, worker, incarnation, code: 143, atSeconds: 1_700_000_000 } as const;
    writeExitRecord(run, record);
    expect(readExitRecord(run, worker)).toEqual({ kind: "ok", value: record });
  });

  test("state", () => {
    const run = temporaryDirectory();
    const record = { version: 1, worker, desired: "down", reason: "operator", atSeconds: 5 } as const;
    writeStateRecord(run, record);
    expect(readStateRecord(run, worker)).toEqual({ kind: "ok", value: record });
  });

  test("request", () => {
    const run = temporaryDirectory();
    const record = { version: 1, worker, kind: "drain", id: "r-1", incarnation, atSeconds: 5 } as const;
    writeRequestRecord(run, record);
    expect(readRequestRecord(run, worker)).toEqual({ kind: "ok", value: record });
  });

  test("brake", () => {
    const run = temporaryDirectory();
    mkdirSync(paths.brakeDirectory(run, worker), { recursive: true });
    for (const record of [
      brakeOf(),
      brakeOf({ lastBrakeSeconds: undefined, ending: { reason: "brake_limit", atSeconds: 7 } }),
    ]) {
      writeBrakeRecord(run, record);
      expect(readBrakeRecord(run, worker, [me])).toEqual({ kind: "ok", value: record });
    }
  });
});

/** A worker writes its brake record itself, in whatever language: this is the design's example, with keys we do not use. */
const BRAKE_JSON = {
  version: 1,
  worker,
  pid: 4242,
  start_ticks: 99,
  boot_id: "b-1",
  brakes_total: 3,
  consecutive_brakes: 2,
  limit: 10,
  last_brake: null,
  available_bytes: 1,
  threshold_bytes: 2,
  last_relief: { at: 1, request: "x", freed_bytes: 2 },
  handles: ["relief", "teleport"],
  ending: null,
  updated: 4,
};

function brakeReading(json: unknown): ReturnType<typeof readBrakeRecord> {
  const run = temporaryDirectory();
  const path = paths.brakeRecordPath(run, worker);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(json));
  return readBrakeRecord(run, worker);
}

describe("a brake record", () => {
  test("may hold keys and handles that we do not know", () => {
    expect(brakeReading(BRAKE_JSON)).toMatchObject({
      kind: "ok",
      value: { brakesTotal: 3, handles: ["relief"], lastRelief: { atSeconds: 1, request: "x", freedBytes: 2 } },
    });
  });

  test.each([
    ["another worker's name", { worker: "train-2" }],
    ["a negative streak", { consecutive_brakes: -1 }],
    ["a streak in words", { consecutive_brakes: "2" }],
    ["a fraction of a brake", { brakes_total: 0.5 }],
    ["a total that no double holds", { brakes_total: 1e300 }],
    ["pid 0", { pid: 0 }],
    ["a pid that is a list", { pid: [1] }],
    ["no boot id", { boot_id: "" }],
    ["a last brake in words", { last_brake: "yesterday" }],
    ["handles that are no list", { handles: "relief" }],
    ["an ending without a time", { ending: { reason: "x" } }],
    ["a relief in words", { last_relief: "yesterday" }],
    ["a relief without a time", { last_relief: { request: "x" } }],
    ["an ending with a long reason", { ending: { reason: "x".repeat(201), at: 1 } }],
  ])("with %s is refused", (_, change) => {
    expect(brakeReading({ ...BRAKE_JSON, ...change })).toMatchObject({ kind: "refused" });
  });

  test("of a stranger is refused", () => {
    const run = temporaryDirectory();
    mkdirSync(paths.brakeDirectory(run, worker), { recursive: true });
    writeBrakeRecord(run, brakeOf());
    expect(readBrakeRecord(run, worker, [me + 1])).toEqual({ kind: "refused", why: `owned by uid ${me}` });
  });

  test("counts for the incarnation that wrote it, root or not, and for no other", () => {
    const child = { ...incarnation, pid: 4243 };
    expect(brakeStreak(brakeOf(), [child, incarnation])).toBe(2);
    expect(brakeStreak(brakeOf(), [{ ...incarnation, startTicks: 100 }])).toBe(0);
    expect(brakeStreak(brakeOf(), [{ ...incarnation, bootId: "b-2" }])).toBe(0);
    expect(brakeStreak(brakeOf(), [])).toBe(0);
  });

  test("of any JSON is read or refused, never thrown at", () => {
    const run = temporaryDirectory();
    const path = paths.brakeRecordPath(run, worker);
    mkdirSync(dirname(path), { recursive: true });
    const key = fc.constantFrom(...Object.keys(BRAKE_JSON));
    fc.assert(
      fc.property(key, fc.jsonValue(), (name, value) => {
        writeFileSync(path, JSON.stringify({ ...BRAKE_JSON, [name]: value }));
        expect(["ok", "refused"]).toContain(readBrakeRecord(run, worker).kind);
      }),
      { numRuns: 200 },
    );
  });
});

describe("other records are refused", () => {
  test.each([
    [
      "a pid record of another worker",
      paths.pidRecordPath,
      readPidRecord,
      { worker: "x", pid: 4, start_ticks: 1, boot_id: "b", session: 3, start_id: "s" },
    ],
    [
      "a pid record without a session",
      paths.pidRecordPath,
      readPidRecord,
      { worker, pid: 4, start_ticks: 1, boot_id: "b", start_id: "s" },
    ],
    [
      "an exit code of 256",
      paths.exitRecordPath,
      readExitRecord,
      { worker, pid: 4, start_ticks: 1, boot_id: "b", code: 256, at: 1 },
    ],
    [
      "a state of sideways",
      paths.stateRecordPath,
      readStateRecord,
      { worker, desired: "sideways", reason: "none", at: 1 },
    ],
    [
      "a state for no known reason",
      paths.stateRecordPath,
      readStateRecord,
      { worker, desired: "up", reason: "whim", at: 1 },
    ],
    [
      "a request without an id",
      paths.requestRecordPath,
      readRequestRecord,
      { worker, kind: "drain", id: "", pid: 4, start_ticks: 1, boot_id: "b", at: 1 },
    ],
    [
      "a request to explode",
      paths.requestRecordPath,
      readRequestRecord,
      { worker, kind: "explode", id: "1", pid: 4, start_ticks: 1, boot_id: "b", at: 1 },
    ],
  ])("%s", (_, pathOf, read, json) => {
    const run = temporaryDirectory();
    writeFileSync(pathOf(run, worker), JSON.stringify({ version: 1, ...json }));
    expect(read(run, worker)).toEqual({ kind: "refused", why: "a field is missing or malformed" });
  });
});

test.each(["../x", "", "a/b", ".hidden", "A", "a\n", "x".repeat(64)])("%j becomes no path", (name) => {
  for (const path of [
    paths.pidRecordPath,
    paths.exitRecordPath,
    paths.lockPath,
    paths.requestRecordPath,
    paths.stateRecordPath,
    paths.brakeRecordPath,
  ]) {
    expect(() => path("/run/pitcrew", name)).toThrow("not a worker name");
  }
});
