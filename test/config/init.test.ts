import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { init } from "../../config/init.ts";
import { loadConfig } from "../../config/load.ts";
import { listRunningProcesses, type RunningProcess } from "../../config/running-processes.ts";
import { eventually } from "../support/eventually.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const MIB = 1024 ** 2;

function running(pid: number, command: string, more: Partial<RunningProcess> = {}): RunningProcess {
  const argv = command.split(" ");
  return { pid, parentPid: 0, startTicks: pid, user: "train", argv, residentBytes: 100 * MIB, ...more };
}

function run(processes: readonly RunningProcess[], match: string, more: { isRoot?: boolean; force?: boolean } = {}) {
  const file = join(temporaryDirectory(), "pitcrew.yml");
  const out: string[] = [];
  const err: string[] = [];
  const { isRoot = false, force = false } = more;
  const again = (force_: boolean) =>
    init(
      { match, file, force: force_ },
      {
        listProcesses: () => processes,
        out: (line) => out.push(line),
        err: (line) => err.push(line),
        isRoot,
        selfPid: 1000,
      },
    );
  const code = again(force);
  const workers = () =>
    loadConfig(file, { isRoot }).workers.map(({ name, group, manager }) => ({ name, group, manager }));
  return { code, out, err, file, again, workers, text: () => readFileSync(file, "utf8") };
}

describe("pitcrew init", () => {
  test("writes a configuration that observes what runs, and says what it found", () => {
    const { code, out, err, file, workers } = run(
      [
        running(12, "python3 scripts/1_optimize_unified.py --gpu 0", { residentBytes: 1536 * MIB }),
        running(11, "python3 scripts/1_optimize_unified.py --gpu 1"),
        running(13, "python3 other.py"),
      ],
      "1_optimize_unified",
    );
    expect(err).toEqual([]);
    expect(code).toBe(0);
    expect(out).toEqual([
      "workers 1_optimize_unified-1 to 1_optimize_unified-2:",
      "  pid 11, 100MiB: python3 scripts/1_optimize_unified.py --gpu 1",
      "  pid 12, 1.5GiB: python3 scripts/1_optimize_unified.py --gpu 0",
      `wrote ${file}: these are observed, never touched; next: pitcrew check --config.file ${file}`,
    ]);
    const locator = { kind: "match", cmdline: /1_optimize_unified/, user: "train" };
    expect(workers()).toEqual(
      [1, 2].map((index) => ({
        name: `1_optimize_unified-${index}`,
        group: "1_optimize_unified",
        manager: { kind: "observe", locator: { ...locator, slot: { index, count: 2 } } },
      })),
    );
  });

  test("makes one group of each program and user, with patterns that tell them apart", () => {
    const { workers } = run(
      [
        running(1, "/usr/bin/python3 -u /opt/train.py --shard 1"),
        running(2, "/usr/bin/python3 -u /opt/train.py --shard 2"),
        running(3, "/usr/bin/python3 -u /opt/train.py", { user: "other" }),
        running(4, "python3 -m pkg.train --shard 1"),
        running(5, "/opt/bin/trainer --all"),
        running(6, "node --import tsx train.worker.ts"),
      ],
      "train",
    );
    expect(workers().map(({ name, manager }) => [name, "locator" in manager && manager.locator])).toEqual([
      ["train-1", expect.objectContaining({ cmdline: /(^| )\/opt\/train\.py( |$)/, user: "train" })],
      ["train-2", expect.objectContaining({ slot: { index: 2, count: 2 } })],
      ["train-other", { kind: "match", cmdline: /(^| )\/opt\/train\.py( |$)/, user: "other" }],
      ["pkg", { kind: "match", cmdline: /(^| )-m pkg\.train( |$)/, user: "train" }],
      ["trainer", { kind: "match", cmdline: /(^| )\/opt\/bin\/trainer( |$)/, user: "train" }],
      ["train.worker", { kind: "match", cmdline: /(^| )train\.worker\.ts( |$)/, user: "train" }],
    ]);
  });

  test("writes the whole command line where nothing shorter tells workers apart", () => {
    const { workers } = run([running(1, "python3 -c pass"), running(2, "python3 train.py python3")], "python3");
    expect(workers().map(({ name, manager }) => [name, "locator" in manager && manager.locator])).toEqual([
      ["python3", { kind: "match", cmdline: /^(python3 -c pass)$/, user: "train" }],
      ["train", { kind: "match", cmdline: /(^| )train\.py( |$)/, user: "train" }],
    ]);
  });

  test("does not take over a pattern that fits pitcrew itself", () => {
    const { workers } = run([running(1, "node worker.js")], "node");
    expect(workers()).toEqual([
      {
        name: "worker",
        group: "worker",
        manager: expect.objectContaining({ locator: expect.objectContaining({ cmdline: /(^| )worker\.js( |$)/ }) }),
      },
    ]);
  });

  test("a worker's children are part of it, and neither pitcrew nor the one who asks is found", () => {
    const { code, out } = run(
      [
        running(10, "python3 train.py"),
        running(11, "python3 train.py", { parentPid: 10 }),
        running(12, "sh -c loader train.py", { parentPid: 11 }),
        running(998, "sudo pitcrew init --match train.py"),
        running(999, "bash -c tool train.py", { parentPid: 998 }),
        running(1000, "node x.js init --match train.py", { parentPid: 999 }),
        running(20, "node /usr/bin/pitcrew up --config.file train.py.yml"),
      ],
      "train\\.py",
    );
    expect(code).toBe(0);
    expect(out.slice(0, -1)).toEqual(["worker train:", "  pid 10, 100MiB: python3 train.py"]);
  });

  test("says so, writes nothing and exits 1 if nothing matches", () => {
    const { code, err, file } = run([running(1, "python3 other.py")], "train\\.py");
    expect(code).toBe(1);
    expect(err).toEqual([
      "no running process matches train\\.py: start the workers first, or look for their command line with ps -ef",
    ]);
    expect(() => statSync(file)).toThrow();
  });

  test.each(["train(", "", "  "])("refuses %j as a pattern and exits 2", (match) => {
    const { code, err } = run([running(1, "a")], match);
    expect(code).toBe(2);
    expect(err).toEqual([expect.stringContaining("is not a regular expression")]);
  });

  test("does not overwrite a file unless told to", () => {
    const { file, err, again, text } = run([running(1, "python3 train.py")], "train");
    writeFileSync(file, "mine");
    expect(again(false)).toBe(1);
    expect(err).toEqual([`${file} exists: nothing was written; --force overwrites it`]);
    expect(text()).toBe("mine");
    expect(again(true)).toBe(0);
    expect(text()).toContain("manager: observe");
  });

  test("a folder that does not exist is one sentence", () => {
    const err: string[] = [];
    const file = join(temporaryDirectory(), "no", "pitcrew.yml");
    const deps = {
      listProcesses: () => [running(1, "a b")],
      out: () => undefined,
      err: (line: string) => void err.push(line),
    };
    expect(init({ match: "a", file }, deps)).toBe(1);
    expect(err).toEqual([`${file} cannot be written (ENOENT): name another file with --config.file`]);
  });

  test.each([true, false])("names the user, and directories that pitcrew may write (as root: %s)", (isRoot) => {
    const { text, workers } = run([running(1, "python3 train.py")], "train", { isRoot });
    expect(workers()[0]?.manager).toMatchObject({ locator: { user: "train" } });
    expect(text().includes("run_directory: .pitcrew/run")).toBe(!isRoot);
  });

  test("hostile command lines stay inside their comments and quotes", () => {
    const argv = ["evil'\"\n  - name: injected\n    manager: supervised\u001b[2J{index}", "train"];
    const { out, text, workers } = run([running(1, "", { argv, user: undefined })], "train");
    expect(workers().map(({ name }) => name)).toHaveLength(1);
    expect(text()).not.toContain("\u001b");
    expect(out.join("")).not.toContain("\u001b");
    expect(
      text()
        .split("\n")
        .filter((line) => line.trim().startsWith("- name")),
    ).toHaveLength(1);
  });

  test("a name is made of what a worker's name may hold, and is not too long", () => {
    const commands = ["/opt/Ünï Code", `/opt/${"x".repeat(200)}`, "/opt/...", "/a/Train_GPU.v2.bin"];
    const processes = commands.map((command, at) => running(at + 1, "", { argv: [command] }));
    expect(
      run(processes, "/")
        .workers()
        .map(({ name }) => name),
    ).toEqual(["n-code", "x".repeat(48), "worker", "train_gpu.v2"]);
  });

  test("finds a real process, its user and its memory", async () => {
    const mark = `pitcrew-init-test-${process.pid}-${Date.now()}`;
    const child = spawn("sleep", ["60"], { argv0: mark, stdio: "ignore" });
    onTestFinished(() => void child.kill("SIGKILL"));
    await once(child, "spawn");
    // Between fork and exec the child still has our own command line.
    const found = await eventually(() => listRunningProcesses().find(({ argv }) => argv[0] === mark), {
      what: "the process in /proc",
    });
    expect(found).toMatchObject({ pid: child.pid, parentPid: process.pid, argv: [mark, "60"] });
    expect(found.user).toBeDefined();
    expect(found.residentBytes).toBeGreaterThan(0);

    const file = join(temporaryDirectory(), "pitcrew.yml");
    const out: string[] = [];
    expect(init({ match: mark, file }, { out: (line) => out.push(line), err: (line) => out.push(line) })).toBe(0);
    expect(out[1]).toContain(`pid ${child.pid}, `);
    expect(loadConfig(file).workers[0]?.manager).toMatchObject({
      kind: "observe",
      locator: { cmdline: new RegExp(mark), user: found.user },
    });
  });
});
