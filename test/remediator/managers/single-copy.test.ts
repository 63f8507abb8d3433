import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { lockHolder } from "../../../remediator/managers/lock-record.ts";
import { SHIM_PATH } from "../../../remediator/managers/start-shim.ts";
import { createSupervisedManager } from "../../../remediator/managers/supervised.ts";
import { processesOf } from "../../../remediator/managers/supervised-tree.ts";
import { readPidRecord } from "../../../worker/files/pid-record.ts";
import { lockPath, pidRecordPath } from "../../../worker/files/run-directory.ts";
import { isAlive, readLiveStat } from "../../../worker/identify.ts";
import type { Incarnation } from "../../../worker/incarnation.ts";
import { signalIncarnation } from "../../../worker/signal.ts";
import type { WorkerSpec } from "../../../worker/spec.ts";
import { eventually } from "../../support/eventually.ts";
import { type Bench, bench, exitCode, started } from "./bench.ts";

const STARTER = fileURLToPath(new URL("./starter.ts", import.meta.url));

describe("no second copy starts", () => {
  test("while one runs", async () => {
    const { manager, spec } = bench();
    const worker = spec(["sleep", "300"]);
    const { pid } = await started(manager, worker, "a");
    expect(await manager.start(worker, "b")).toEqual({
      kind: "already_running",
      detail: `w already runs: process ${pid}`,
    });
  });

  test("when many managers start at once", async () => {
    const it = bench();
    const { spec, runDirectory, logDirectory } = it;
    const worker = spec(["sleep", "300"]);
    const results = await Promise.all(
      ["a", "b", "c", "d", "e", "f"].map((id) =>
        createSupervisedManager({ runDirectory, logDirectory }).start(worker, id),
      ),
    );
    expect(results.map(({ kind }) => kind).sort()).toEqual([...Array(5).fill("already_running"), "started"]);
    await onlyOne(runDirectory, worker);
  });

  test("while a survivor of its tree runs", async () => {
    const { manager, spec, directory } = bench();
    const worker = spec([
      "sh",
      "-c",
      'setsid sh -c "echo here >survivor; exec sleep 300" & while [ ! -s survivor ]; do sleep 0.01; done',
    ]);
    const incarnation = await started(manager, worker, "a");
    await exitCode(manager, worker, incarnation);
    expect(readdirSync(directory)).toContain("survivor");
    const survivors = manager.remains(worker, incarnation, []);
    expect(survivors).toHaveLength(1);
    expect(await manager.start(worker, "b")).toMatchObject({ kind: "already_running" });
    expect(await manager.kill(worker, incarnation, survivors)).toEqual({ kind: "sent" });
    expect(await manager.start(worker, "c")).toMatchObject({ kind: "started" });
  });
});

describe("a worker whose records are lost is still the only copy", () => {
  test("pid record lost: found again by its lock, with its start id", async () => {
    const { manager, spec, runDirectory } = bench();
    const worker = spec(["sleep", "300"]);
    const incarnation = await started(manager, worker, "a");
    rmSync(pidRecordPath(runDirectory, "w"));
    expect(await manager.start(worker, "b")).toMatchObject({ kind: "already_running" });
    expect(readPidRecord(runDirectory, "w")).toMatchObject({ kind: "ok", value: { incarnation, startId: "a" } });
    expect(manager.findStart(worker, "a")).toEqual(incarnation);
  });

  test("pid record lost, and the remediator does not look: the lock alone refuses", async () => {
    const it = bench();
    await started(it.manager, it.spec(["sleep", "300"]), "a");
    rmSync(pidRecordPath(it.runDirectory, "w"));
    expect(await runShim(it)).toBe(75);
    expect(readdirSync(it.runDirectory)).not.toContain("w.exit");
  });

  test("shim killed: the record alone refuses, for the remediator and for another shim", async () => {
    const it = bench();
    const worker = it.spec(["sleep", "300"]);
    const incarnation = await started(it.manager, worker, "a");
    await killShim(it);
    expect(isAlive(incarnation)).toBe(true);
    expect(it.manager.remains(worker, incarnation, [])).toEqual([incarnation]);
    expect(await it.manager.start(worker, "b")).toMatchObject({ kind: "already_running" });
    expect(await runShim(it)).toBe(75);
    expect(await it.manager.kill(worker, incarnation, [])).toEqual({ kind: "sent" });
    expect(it.manager.exitOf(worker, incarnation)).toBeUndefined();
    expect(await it.manager.start(worker, "c")).toMatchObject({ kind: "started" });
  });

  test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)(
    "%s to the shim: it stays until its worker has ended",
    async (signal) => {
      const it = bench();
      const worker = it.spec(["sleep", "300"]);
      const incarnation = await started(it.manager, worker, "a");
      const shim = lockHolder(it.runDirectory, "w");
      if (shim === undefined) throw new Error("no shim holds the lock");
      signalIncarnation(shim, signal);
      signalIncarnation(incarnation, "SIGKILL");
      expect(await exitCode(it.manager, worker, incarnation)).toBe(137);
    },
  );

  test("pid record lost and shim killed: its environment gives it away", async () => {
    const it = bench();
    const worker = it.spec(["sleep", "300"]);
    const incarnation = await started(it.manager, worker, "a");
    await killShim(it);
    rmSync(pidRecordPath(it.runDirectory, "w"));
    rmSync(lockPath(it.runDirectory, "w"));
    expect(it.manager.remains(worker, undefined, [])).toEqual([incarnation]);
    expect(await it.manager.start(worker, "b")).toMatchObject({ kind: "already_running" });
  });
});

describe("a remediator that is killed", () => {
  test("between spawn and record leaves exactly one copy, which the next one finds", async () => {
    const { manager, spec, runDirectory, logDirectory } = bench();
    const worker = spec(["sleep", "300"], { directory: "/" });
    const starter = spawn(process.execPath, ["--import", "tsx", STARTER, runDirectory, logDirectory, "orphaned"], {
      stdio: "inherit",
    });
    expect((await once(starter, "exit"))[1]).toBe("SIGKILL");
    const next = await manager.start(worker, "next");
    const incarnation = await eventually(
      () => manager.findStart(worker, "orphaned") ?? manager.findStart(worker, "next"),
      {
        what: "a start to be on record",
      },
    );
    // Whichever came first: the orphaned shim or, had it not yet taken the lock, ours.
    expect(next.kind === "started" ? next.incarnation : incarnation).toEqual(incarnation);
    expect(await onlyOne(runDirectory, worker)).toEqual(incarnation);
    expect(await manager.start(worker, "another")).toMatchObject({ kind: "already_running" });
  });

  test("is not needed for an exit to be recorded", async () => {
    const { manager, spec, runDirectory, logDirectory } = bench();
    const worker = spec(["sleep", "300"], { directory: "/" });
    const starter = spawn(process.execPath, ["--import", "tsx", STARTER, runDirectory, logDirectory, "orphaned"]);
    await once(starter, "exit");
    const incarnation = await eventually(() => manager.findStart(worker, "orphaned"), { what: "the orphaned start" });
    signalIncarnation(incarnation, "SIGTERM");
    expect(await exitCode(manager, worker, incarnation)).toBe(143);
  });

  test("does not take for the worker what is only about to become it, and whose end would be on no record", async () => {
    const { directory, runDirectory, logDirectory, spec } = bench();
    const worker = spec(["sleep", "300"]);
    const go = join(directory, "go");
    const shimPath = join(directory, "shim.sh");
    const waits = `become() {\n  while [ ! -e ${go} ]; do command -p sleep 0.02; done\n`;
    writeFileSync(shimPath, readFileSync(SHIM_PATH, "utf8").replace("become() {\n", waits));
    const manager = createSupervisedManager({ runDirectory, logDirectory, shimPath });
    const start = manager.start(worker, "slow");
    await onlyOneLeader(runDirectory, worker);
    expect(manager.findStart(worker, "slow")).toBeUndefined();
    expect(readPidRecord(runDirectory, "w").kind).not.toBe("ok");
    writeFileSync(go, "");
    const started = await start;
    const incarnation = manager.findStart(worker, "slow");
    expect(started).toEqual({ kind: "started", incarnation });
    if (incarnation === undefined) throw new Error("it is known by now");
    signalIncarnation(incarnation, "SIGTERM");
    expect(await exitCode(manager, worker, incarnation)).toBe(143);
  });
});

/** The process that is about to become the worker has a session of its own by now. */
function onlyOneLeader(runDirectory: string, worker: WorkerSpec): Promise<Incarnation> {
  const look = () => processesOf(runDirectory, worker, []).find(({ pid }) => readLiveStat(pid)?.session === pid);
  return eventually(look, { what: "a process with a session of its own", within: 60_000 });
}

/** The shim's own helpers pass; a second copy would stay. */
function onlyOne(runDirectory: string, worker: WorkerSpec): Promise<Incarnation> {
  const look = () => {
    const [first, ...others] = processesOf(runDirectory, worker, []);
    return others.length === 0 && first;
  };
  return eventually(look, { what: "exactly one process" });
}

async function killShim({ runDirectory }: Bench): Promise<void> {
  const shim: Incarnation | undefined = lockHolder(runDirectory, "w");
  if (shim === undefined) throw new Error("no shim holds the lock");
  signalIncarnation(shim, "SIGKILL");
  await eventually(() => !isAlive(shim), { what: "the shim's end" });
}

async function runShim({ runDirectory, directory }: Bench): Promise<number | null> {
  const argv = ["supervise", runDirectory, "w", "by-hand", "-", "-", directory, "sleep", "300"];
  const [code] = await once(spawn("/bin/sh", [SHIM_PATH, ...argv], { detached: true, stdio: "ignore" }), "exit");
  return code;
}
