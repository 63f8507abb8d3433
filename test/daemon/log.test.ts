import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stderrIsJournal } from "../../daemon/journal-stream.ts";
import { createLog, describeError, type LogFormat, type LogLevel } from "../../daemon/log.ts";

const NOW = new Date("2026-01-02T03:04:05.678Z");

function logTo(lines: string[], format: LogFormat = "logfmt", level: LogLevel = "debug") {
  return createLog({ level, format, write: (line) => lines.push(line), now: () => NOW });
}

const HOSTILE = 'x" level=error\nts=1970 \r\t\0\u001b[2J \u009b31m \u2028 \u202e é \\';

describe("logfmt", () => {
  test("time, level and message come first, and only what needs quotes has them", () => {
    const lines: string[] = [];
    logTo(lines).info("worker restarted", { worker: "train-1", rss: 12, ok: true, why: "over limit", none: undefined });
    expect(lines).toEqual([
      'ts=2026-01-02T03:04:05.678Z level=info msg="worker restarted" worker=train-1 rss=12 ok=true why="over limit"',
    ]);
  });

  test("an empty value is quoted", () => {
    const lines: string[] = [];
    logTo(lines).info("a", { b: "" });
    expect(lines[0]).toMatch(/ b=""$/);
  });

  test("a hostile value stays in its quotes, on its line, and reaches no terminal as a command", () => {
    const lines: string[] = [];
    logTo(lines).warn(HOSTILE, { label: HOSTILE });
    expect(lines[0]).toMatch(/^[\x20-\x7e\u00e9]+$/);
    const quoted = /^ts=\S+ level=warn msg=("(?:[^"\\]|\\.)*") label=("(?:[^"\\]|\\.)*")$/.exec(lines[0] ?? "");
    expect(JSON.parse(quoted?.[1] ?? "")).toBe(HOSTILE);
    expect(JSON.parse(quoted?.[2] ?? "")).toBe(HOSTILE);
  });

  test("a hostile key becomes a plain one", () => {
    const lines: string[] = [];
    logTo(lines).info("a", { 'b"=\n c': 1 });
    expect(lines[0]).toMatch(/ b____c=1$/);
  });
});

describe("for the journal", () => {
  test("the level is its priority, and the time is left to it", () => {
    const lines: string[] = [];
    const log = createLog({ level: "debug", format: "logfmt", write: (line) => lines.push(line), journal: true });
    log.debug("a");
    log.info("b", { worker: "train-1" });
    log.warn("c");
    log.child({ component: "guard" }).error("d");
    expect(lines).toEqual(["<7>msg=a", "<6>msg=b worker=train-1", "<4>msg=c", "<3>msg=d component=guard"]);
  });

  test.each([
    ["the file that systemd named", "8:12345", true],
    ["another file", "8:54321", false],
    ["no file that systemd named", undefined, false],
  ])("stderr that is %s is taken for what it is", (_, named, journal) => {
    const environment = named === undefined ? {} : { JOURNAL_STREAM: named };
    expect(stderrIsJournal(environment, () => ({ dev: 8n, ino: 12345n }))).toBe(journal);
  });
});

describe("JSON", () => {
  test("one object per line, with types kept", () => {
    const lines: string[] = [];
    logTo(lines, "json").info("hello", { n: 1, yes: true, list: ["a"], not: Number.NaN });
    expect(lines[0]).toBe(
      '{"ts":"2026-01-02T03:04:05.678Z","level":"info","msg":"hello","n":1,"yes":true,"list":"[\\"a\\"]","not":"NaN"}',
    );
  });

  test("any message and any label come back as they went in, from one line of visible characters", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (message, label) => {
        const lines: string[] = [];
        logTo(lines, "json").info(message, { label });
        expect(lines[0]).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
        expect(JSON.parse(lines[0] ?? "")).toMatchObject({ msg: message, label });
      }),
    );
  });

  test("a field cannot pass for the line's own level, time or message", () => {
    const lines: string[] = [];
    logTo(lines, "json").error("real", { level: "info", msg: "forged", ts: "1970" });
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ level: "error", msg: "real", level_: "info", msg_: "forged" });
  });
});

test("events below the level are not written", () => {
  const lines: string[] = [];
  const log = logTo(lines, "logfmt", "warn");
  log.debug("a");
  log.info("b");
  log.warn("c");
  log.error("d");
  expect(lines.map((line) => / msg=(\S+)/.exec(line)?.[1])).toEqual(["c", "d"]);
});

test("a child adds its fields to every line, and an event may override them", () => {
  const lines: string[] = [];
  const child = logTo(lines).child({ component: "exporter", host: "a" }).child({ host: "b" });
  child.info("x");
  child.info("x", { host: "c" });
  expect(lines.map((line) => line.replace(/^.*msg=x /, ""))).toEqual([
    "component=exporter host=b",
    "component=exporter host=c",
  ]);
});

test("an error is told with its causes, and one that causes itself ends", () => {
  const inner = new Error("no such file");
  const outer = new Error("cannot load", { cause: inner });
  expect(describeError(outer)).toBe("cannot load: no such file");
  inner.cause = outer;
  expect(describeError(outer)).toMatch(/^cannot load: no such file: cannot load/);
  expect(describeError("a string")).toBe('"a string"');
});

test("no value fills the disk", () => {
  const lines: string[] = [];
  logTo(lines).info("big", { label: "x".repeat(1_000_000) });
  expect(lines[0]?.length).toBeLessThan(5000);
});

test("a value that cannot be serialized is still logged", () => {
  const lines: string[] = [];
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  logTo(lines).info("odd", { circular, big: 1n, fn: undefined, nothing: null });
  expect(lines[0]).toMatch(/circular="\[object Object\]" big=1 nothing=null$/);
});

test("a reader of stderr that goes away does not end the program", async () => {
  const log = fileURLToPath(new URL("../../daemon/log.ts", import.meta.url));
  const script = `
    import { createLog } from ${JSON.stringify(log)};
    const log = createLog({ level: "info", format: "logfmt" });
    createLog({ level: "info", format: "logfmt" });
    log.info("first");
    process.stdin.once("data", () => {
      for (let i = 0; i < 100; i++) log.info("into nothing");
      setImmediate(() => { process.stdout.write("alive " + process.stderr.listenerCount("error")); process.exit(0); });
    });
  `;
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", script], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  await once(child.stderr, "data");
  child.stderr.destroy();
  await once(child.stderr, "close");
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stdin.end("go\n");
  const [code] = await once(child, "close");
  expect({ code, output }).toEqual({ code: 0, output: "alive 1" });
});
