// What systemd hears from a daemon: here a helper in its place writes down what it was told; test/systemd has the real one.
import { spawn } from "node:child_process";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { createLog } from "../../daemon/log.ts";
import { notifyReady } from "../../daemon/readiness.ts";
import { eventually } from "../support/eventually.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

describe("readiness", () => {
  const silent = createLog({ level: "error", format: "logfmt", write: () => undefined });

  test("systemd is told of this process, not of the helper", async () => {
    const directory = temporaryDirectory();
    const helper = join(directory, "systemd-notify");
    writeFileSync(helper, `#!/bin/sh\necho "$@ $NOTIFY_SOCKET" > "${directory}/told"\n`);
    chmodSync(helper, 0o755);
    await notifyReady(silent, { PATH: `${directory}:${process.env.PATH}`, NOTIFY_SOCKET: "/run/notify" });
    expect(readFileSync(join(directory, "told"), "utf8")).toBe(`--ready --pid=${process.pid} /run/notify\n`);
  });

  test("without a service manager nothing is started", async () => {
    const directory = temporaryDirectory();
    const lines: string[] = [];
    const log = createLog({ level: "debug", format: "logfmt", write: (line) => lines.push(line) });
    await notifyReady(log, { PATH: directory });
    expect(lines).toEqual([]);
  });

  test("a missing systemd-notify is a warning", async () => {
    const lines: string[] = [];
    const log = createLog({ level: "debug", format: "logfmt", write: (line) => lines.push(line) });
    await notifyReady(log, { PATH: temporaryDirectory(), NOTIFY_SOCKET: "/run/notify" });
    expect(lines[0]).toMatch(/level=warn .*ENOENT/);
  });
});

describe("the watchdog", () => {
  test("is fed as long as the event loop turns, and not while it is blocked", async () => {
    const { fed, send } = daemon({ WATCHDOG_USEC: "100000" });
    await eventually(() => fed() >= 3, { what: "the watchdog to be fed again and again" });
    send("block");
    await eventually(() => existsSync(fed.marks.blocked), { what: "the event loop to be blocked" });
    // One that was under way may still arrive; then nothing more, for six times as long as it may take.
    const before = fed();
    await eventually(() => existsSync(fed.marks.free), { what: "the event loop to turn again" });
    expect(fed.atTheEndOfTheBlock() - before).toBeLessThanOrEqual(1);
    await eventually(() => fed() > fed.atTheEndOfTheBlock() + 1, { what: "the watchdog to be fed again" });
  });

  test.each([
    ["systemd does not ask for it", {}],
    ["it watches another process", { WATCHDOG_USEC: "20000", WATCHDOG_PID: "1" }],
    ["the time is no number", { WATCHDOG_USEC: "soon" }],
  ])("is not fed if %s", async (_, environment) => {
    const { fed, send, ended } = daemon(environment);
    await eventually(() => existsSync(fed.marks.ready), { what: "the daemon to be ready" });
    send("block");
    await eventually(() => existsSync(fed.marks.free), { what: "the event loop to turn again" });
    send("end");
    await ended;
    expect(fed()).toBe(0);
  });
});

/** A process that is ready, and blocks its event loop for 600 ms when it is told to. */
function daemon(environment: Record<string, string>) {
  const directory = temporaryDirectory();
  const told = join(directory, "told");
  const marks = { ready: join(directory, "ready"), blocked: join(directory, "blocked"), free: join(directory, "free") };
  writeFileSync(join(directory, "systemd-notify"), `#!/bin/sh\necho "$*" >> "${told}"\n`, { mode: 0o755 });
  const source = (name: string) => JSON.stringify(fileURLToPath(new URL(`../../daemon/${name}`, import.meta.url)));
  const script = `
    import { readFileSync, writeFileSync } from "node:fs";
    import { createLog } from ${source("log.ts")};
    import { notifyReady } from ${source("readiness.ts")};
    process.stdin.on("data", (text) => {
      if (String(text).includes("end")) process.exit(0);
      writeFileSync(${JSON.stringify(marks.blocked)}, "");
      const until = performance.now() + 600;
      while (performance.now() < until);
      let fed = "";
      try { fed = readFileSync(${JSON.stringify(told)}); } catch {}
      writeFileSync(${JSON.stringify(marks.free)}, fed);
    });
    await notifyReady(createLog({ level: "debug", format: "logfmt" }));
    writeFileSync(${JSON.stringify(marks.ready)}, "");`;
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", script], {
    stdio: ["pipe", "ignore", "inherit"],
    env: { PATH: `${directory}:${process.env.PATH}`, NOTIFY_SOCKET: "/run/notify", ...environment },
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  onTestFinished(() => {
    child.kill("SIGKILL");
    return ended;
  });
  const count = (file: string) => (existsSync(file) ? readFileSync(file, "utf8").split("WATCHDOG=1").length - 1 : 0);
  const fed = Object.assign(() => count(told), { marks, atTheEndOfTheBlock: () => count(marks.free) });
  return { fed, ended, send: (word: "block" | "end") => child.stdin.write(`${word}\n`) };
}
