import { chmodSync, closeSync, openSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { readPidRecord } from "../../../worker/files/pid-record.ts";
import { identify } from "../../../worker/identify.ts";
import { findUser } from "../../../worker/users.ts";
import { eventually } from "../../support/eventually.ts";
import { bench, exitCode, started } from "./bench.ts";

describe("a start", () => {
  test("gives the incarnation of the worker itself", async () => {
    const { manager, spec, runDirectory } = bench();
    const sleeper = spec(["sleep", "300"]);
    const incarnation = await started(manager, sleeper, "start-7");
    expect(identify(incarnation.pid)).toEqual(incarnation);
    expect(readFileSync(`/proc/${incarnation.pid}/cmdline`, "utf8")).toBe("sleep\u0000300\u0000");
    expect(readPidRecord(runDirectory, "w")).toMatchObject({ kind: "ok", value: { incarnation, startId: "start-7" } });
    expect(manager.findStart(sleeper, "start-7")).toEqual(incarnation);
    expect(manager.findStart(sleeper, "start-8")).toBeUndefined();
    expect(manager.remains(sleeper, incarnation, [])).toEqual([incarnation]);
  });

  test("has its record before the worker's first instruction", async () => {
    const { manager, spec, runDirectory, log } = bench();
    const reader = spec(["cat", join(runDirectory, "w.pid")]);
    const incarnation = await started(manager, reader);
    expect(await exitCode(manager, reader, incarnation)).toBe(0);
    expect(JSON.parse(log())).toMatchObject({ pid: incarnation.pid, start_ticks: incarnation.startTicks });
  });

  test("passes every argument on as it is", async () => {
    const { manager, spec, directory } = bench();
    const hostile = [
      "",
      " ",
      "a  b",
      "'",
      '"',
      "$(touch pwned)",
      "`id`",
      "a\nb\n",
      "--",
      "-n",
      "*",
      "\\",
      "{index}",
      "é😀",
      "",
    ];
    const out = join(directory, "argv");
    const writer = spec(["sh", "-c", 'printf "%s\\0" "$@" >"$0"', out, ...hostile]);
    const incarnation = await started(manager, writer);
    expect(await exitCode(manager, writer, incarnation)).toBe(0);
    expect(readFileSync(out, "utf8").split("\0").slice(0, -1)).toEqual(hostile);
    expect(readdirSync(directory)).not.toContain("pwned");
  });

  test("passes the configured environment on, and nothing that was meant for pitcrew", async () => {
    for (const name of ["NOTIFY_SOCKET", "WATCHDOG_USEC", "CREDENTIALS_DIRECTORY"]) {
      process.env[name] = "ours";
      onTestFinished(() => {
        delete process.env[name];
      });
    }
    const { manager, spec, runDirectory } = bench();
    const environment = {
      run: "a b",
      worker: "x",
      CDPATH: "/",
      ENV: "/nowhere",
      TEXT: "$(id)\nb",
      EMPTY: "",
    };
    const sleeper = spec(["sleep", "300"], { environment });
    const { pid } = await started(manager, sleeper);
    const entries = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
    for (const [name, value] of Object.entries(environment)) expect(entries).toContain(`${name}=${value}`);
    expect(entries).toContain("PITCREW_WORKER=w");
    expect(entries).toContain(`PITCREW_RUN_DIRECTORY=${runDirectory}`);
    expect(entries.filter((entry) => entry.endsWith("=ours"))).toEqual([]);
    expect(entries.filter((entry) => entry.startsWith("OLDPWD="))).toEqual([]);
  });

  test("leaves the worker /dev/null, its log, no descriptor of ours and no ignored signal", async () => {
    const { manager, spec, directory, logDirectory } = bench();
    const file = openSync(join(directory, "secret"), "w");
    const server = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => {
      closeSync(file);
      server.close();
    });
    const inherited = descriptorsInheritedByUs();
    const { pid } = await started(manager, spec(["sleep", "300"]));
    // Its loader opens and closes libraries of its own at first.
    await eventually(
      () => {
        const descriptors = readdirSync(`/proc/${pid}/fd`).filter((descriptor) => !inherited.has(descriptor));
        return descriptors.sort().join() === "0,1,2";
      },
      { what: "0, 1 and 2 to be its only descriptors" },
    );
    expect(readlinkSync(`/proc/${pid}/fd/0`)).toBe("/dev/null");
    for (const output of ["1", "2"]) {
      expect(readlinkSync(`/proc/${pid}/fd/${output}`)).toBe(join(logDirectory, "w.log"));
      expect(flagsOf(pid, output) & 0o2000).toBe(0o2000);
    }
    expect(/^SigIgn:\t0+$/m.test(readFileSync(`/proc/${pid}/status`, "utf8"))).toBe(true);
  });

  test.each([
    ["exit 0", 0],
    ["exit 3", 3],
    ["exit 42", 42],
    ["kill -KILL $$", 137],
    ["kill -INT $$", 130],
    ["kill -TERM 0", 143],
  ])("of `%s` has its exit recorded as %i", async (script, code) => {
    const { manager, spec } = bench();
    const worker = spec(["sh", "-c", script]);
    const incarnation = await started(manager, worker);
    expect(await exitCode(manager, worker, incarnation)).toBe(code);
    expect(manager.exitOf(worker, { ...incarnation, startTicks: 1 })).toBeUndefined();
  });

  test("of a script whose interpreter is missing has that recorded as an exit", async () => {
    const { manager, spec, directory } = bench();
    writeFileSync(join(directory, "worker"), "#!/nowhere/interpreter\n");
    chmodSync(join(directory, "worker"), 0o755);
    const worker = spec(["./worker"]);
    const incarnation = await started(manager, worker);
    expect([126, 127]).toContain(await exitCode(manager, worker, incarnation));
  });

  test("follows at once on the end of the one before", async () => {
    const { manager, spec } = bench();
    const worker = spec(["sh", "-c", "exit 3"]);
    for (const id of ["a", "b", "c", "d"]) {
      const incarnation = await started(manager, worker, id);
      await eventually(() => manager.remains(worker, incarnation, []).length === 0, { what: "its end" });
    }
  });

  test("appends to the log of the starts before", async () => {
    const { manager, spec, log } = bench();
    const worker = spec(["sh", "-c", "echo once more; echo to stderr >&2"]);
    for (const id of ["a", "b"]) await exitCode(manager, worker, await started(manager, worker, id));
    expect(log()).toBe("once more\nto stderr\nonce more\nto stderr\n");
  });
});

test("another user's worker runs as that user, or is refused clearly when we are not root", async () => {
  const { manager, spec, log } = bench();
  const us = process.geteuid?.();
  const other = ["nobody", "daemon"].map((name) => findUser(name)).find((account) => account && account.uid !== us);
  if (other === undefined) throw new Error("this machine has neither a user nobody nor a user daemon besides us");
  const worker = spec(["sh", "-c", 'id -u; id -g; echo "$USER"; exec sleep 300'], { user: other.name, directory: "/" });
  const result = await manager.start(worker, "start-1");
  if (us !== 0) {
    expect(result).toMatchObject({
      kind: "failed",
      code: "EPERM",
      message: `w: only root can start it as ${other.name}; pitcrew does not run as root`,
    });
    return;
  }
  if (result.kind !== "started") throw new Error(JSON.stringify(result));
  await eventually(() => log().split("\n").length === 4, { what: "three lines" });
  expect(log()).toBe(`${other.uid}\n${other.gid}\n${other.name}\n`);
  expect(identify(result.incarnation.pid)).toEqual(result.incarnation);
  expect(manager.remains(worker, undefined, [])).toEqual([result.incarnation]);
  expect(await manager.kill(worker, result.incarnation, [])).toEqual({ kind: "sent" });
  expect(await exitCode(manager, worker, result.incarnation)).toBe(137);
});

/** Descriptors that whoever started the tests left open without close-on-exec: not ours to close. */
function descriptorsInheritedByUs(): Set<string> {
  const found = readdirSync("/proc/self/fd").filter((descriptor) => {
    if (Number(descriptor) <= 2) return false;
    try {
      return (flagsOf(process.pid, descriptor) & 0o2000000) === 0;
    } catch {
      // The descriptor of this very listing.
      return false;
    }
  });
  return new Set(found);
}

/** Source: proc_pid_fdinfo(5), `flags`, octal: O_APPEND is 02000, O_CLOEXEC 02000000. */
function flagsOf(pid: number, descriptor: string): number {
  const text = readFileSync(`/proc/${pid}/fdinfo/${descriptor}`, "utf8");
  return Number.parseInt(/^flags:\s+([0-7]+)$/m.exec(text)?.[1] ?? "0", 8);
}
