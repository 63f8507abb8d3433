import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { runUntilSignalled, type SignalSource, type StopSignal } from "../../daemon/lifecycle.ts";
import { createLog } from "../../daemon/log.ts";
import { eventually } from "../support/eventually.ts";

function run(options: { onStop?: () => unknown; onReload?: () => unknown } = {}) {
  const source = new EventEmitter();
  const lines: string[] = [];
  const stopped: StopSignal[] = [];
  const clock = { ms: 0 };
  const exitCode = runUntilSignalled({
    onReload: options.onReload ?? (() => undefined),
    onStop: (signal) => {
      stopped.push(signal);
      return options.onStop?.();
    },
    log: createLog({ level: "debug", format: "logfmt", write: (line) => lines.push(line) }),
    process: source as SignalSource,
    now: () => clock.ms,
  });
  return { source, lines, stopped, clock, exitCode };
}

const never = () => new Promise(() => undefined);

describe("stopping", () => {
  test.each<StopSignal>(["SIGTERM", "SIGINT"])("%s stops once and exits with 0", async (signal) => {
    const { source, stopped, exitCode } = run();
    source.emit(signal);
    expect(await exitCode).toBe(0);
    expect(stopped).toEqual([signal]);
    expect(source.eventNames()).toEqual([]);
  });

  test("a stop that throws is told and exits with 1", async () => {
    const { source, lines, exitCode } = run({
      onStop: () => {
        throw new Error("disk on fire");
      },
    });
    source.emit("SIGTERM");
    expect(await exitCode).toBe(1);
    expect(lines.at(-1)).toContain("disk on fire");
  });

  test("a second SIGINT within a second is the same keystroke", async () => {
    let finish = (): void => undefined;
    const { source, stopped, clock, exitCode } = run({
      onStop: () =>
        new Promise<void>((resolve) => {
          finish = resolve;
        }),
    });
    source.emit("SIGINT");
    clock.ms = 1000;
    source.emit("SIGINT");
    finish();
    expect(await exitCode).toBe(0);
    expect(stopped).toEqual(["SIGINT"]);
  });

  test("a later SIGINT does not wait for the stop", async () => {
    const { source, clock, exitCode } = run({ onStop: never });
    source.emit("SIGINT");
    clock.ms = 1001;
    source.emit("SIGINT");
    expect(await exitCode).toBe(130);
  });
});

describe("reloading", () => {
  test("a reload that fails is logged and the daemon lives on", async () => {
    const { source, lines, stopped, exitCode } = run({ onReload: () => Promise.reject(new Error("bad file")) });
    source.emit("SIGHUP");
    await eventually(() => lines.some((line) => line.includes("bad file")), { what: "the failure in the log" });
    expect(stopped).toEqual([]);
    source.emit("SIGTERM");
    expect(await exitCode).toBe(0);
  });

  test("two reloads do not overlap", async () => {
    const events: string[] = [];
    const { source, exitCode } = run({
      onReload: async () => {
        events.push("begin");
        await new Promise((resolve) => setImmediate(resolve));
        events.push("end");
      },
    });
    source.emit("SIGHUP");
    source.emit("SIGHUP");
    await eventually(() => events.length === 4, { what: "two reloads" });
    expect(events).toEqual(["begin", "end", "begin", "end"]);
    source.emit("SIGTERM");
    await exitCode;
  });

  test("a daemon that stops is not reloaded", async () => {
    let reloads = 0;
    const { source, clock, exitCode } = run({ onReload: () => reloads++, onStop: never });
    source.emit("SIGTERM");
    source.emit("SIGHUP");
    clock.ms = 5000;
    source.emit("SIGTERM");
    expect(await exitCode).toBe(143);
    expect(reloads).toBe(0);
  });
});

test.each(["unhandledRejection", "uncaughtException"])(
  "an %s is logged with its stack and ends with 1",
  async (event) => {
    const { source, lines, exitCode } = run();
    source.emit(event, new Error("a bug"));
    expect(await exitCode).toBe(1);
    expect(lines[0]).toMatch(/level=error .*a bug.*stack=.*lifecycle\.test/);
  },
);

test("real signals reach a real process: SIGHUP reloads, SIGINT stops with 0", async () => {
  const room = new URL("../../daemon/", import.meta.url);
  const script = `
    import { createLog } from ${JSON.stringify(fileURLToPath(new URL("log.ts", room)))};
    import { runUntilSignalled } from ${JSON.stringify(fileURLToPath(new URL("lifecycle.ts", room)))};
    const held = setInterval(() => {}, 60_000);
    const done = runUntilSignalled({
      log: createLog({ level: "info", format: "logfmt" }),
      onReload: () => process.stdout.write("reloaded\\n"),
      onStop: (signal) => process.stdout.write(signal + "\\n"),
    });
    process.stdout.write("running\\n");
    process.exit(await done);
  `;
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", script], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  const exited = once(child, "close");
  await eventually(() => output.includes("running"), { what: "the start" });
  child.kill("SIGHUP");
  await eventually(() => output.includes("reloaded"), { what: "the reload" });
  child.kill("SIGINT");
  expect(await exited).toEqual([0, null]);
  expect(output).toBe("running\nreloaded\nSIGINT\n");
});
