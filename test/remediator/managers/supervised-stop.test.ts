import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { lockHolder } from "../../../remediator/managers/lock-record.ts";
import { writeBrakeRecord } from "../../../worker/files/brake-record.ts";
import { brakeRecordPath } from "../../../worker/files/run-directory.ts";
import { identify, isAlive } from "../../../worker/identify.ts";
import type { Incarnation } from "../../../worker/incarnation.ts";
import { treeOf } from "../../../worker/process-tree.ts";
import { eventually } from "../../support/eventually.ts";
import { bench, exitCode, started } from "./bench.ts";

describe("a gentle stop", () => {
  test("reaches the root of the tree and nobody else", async () => {
    const { manager, spec, log } = bench();
    const child = 'sh -c "trap \\"echo the child too\\" TERM; echo ready; while :; do sleep 0.02; done" & ';
    const worker = spec([
      "sh",
      "-c",
      `${child}trap 'echo asked; kill -KILL $!; exit 5' TERM; while :; do sleep 0.02; done`,
    ]);
    const root = await started(manager, worker);
    await eventually(() => log().includes("ready"), { what: "the child" });
    expect(await manager.terminate(worker, root)).toEqual({ kind: "sent" });
    expect(await exitCode(manager, worker, root)).toBe(5);
    expect(log()).toContain("asked");
    expect(log()).not.toContain("the child too");
  });

  test("takes the signal that is configured", async () => {
    const { manager, spec } = bench();
    const worker = spec(["sleep", "300"]);
    const root = await started(manager, worker);
    await manager.terminate({ ...worker, stop: { ...worker.stop, signal: "SIGINT" } }, root);
    expect(await exitCode(manager, worker, root)).toBe(130);
  });

  test("that comes between the record and the worker's own program is an exit like any other", async () => {
    const { manager, spec } = bench();
    const worker = spec(["sleep", "300"]);
    const result = await manager.start(worker, "start-1");
    if (result.kind !== "started") throw new Error(JSON.stringify(result));
    await manager.terminate({ ...worker, stop: { ...worker.stop, signal: "SIGINT" } }, result.incarnation);
    expect(await exitCode(manager, worker, result.incarnation)).toBe(130);
  });

  test("goes to the process that keeps the brake record, if it is a member", async () => {
    const { manager, spec, runDirectory, log } = bench();
    const inner = "trap 'echo the inner one was asked; exit 0' TERM; echo ready; while :; do sleep 0.02; done";
    const worker = spec(["sh", "-c", 'sh -c "$0"; echo the launcher goes on; exit 9', inner]);
    const root = await started(manager, worker);
    const member = await eventually(() => memberThatSaid("ready", root, log()), { what: "the inner process" });
    brakeRecord(runDirectory, member);
    expect(await manager.terminate(worker, root)).toEqual({ kind: "sent" });
    expect(await exitCode(manager, worker, root)).toBe(9);
    expect(log()).toContain("the inner one was asked");
  });

  test("ignores a brake record that names a stranger", async () => {
    const { manager, spec, runDirectory } = bench();
    const worker = spec(["sleep", "300"]);
    const stranger = identify(process.pid);
    if (stranger === undefined) throw new Error("we do not live");
    brakeRecord(runDirectory, stranger);
    const root = await started(manager, worker);
    expect(await manager.terminate(worker, root)).toEqual({ kind: "sent" });
    expect(await exitCode(manager, worker, root)).toBe(143);
  });

  test("of a worker that is gone says so", async () => {
    const { manager, spec } = bench();
    const worker = spec(["true"]);
    const root = await started(manager, worker);
    await exitCode(manager, worker, root);
    expect(await manager.terminate(worker, root)).toEqual({ kind: "gone" });
    expect(await manager.kill(worker, root, [root])).toEqual({ kind: "gone" });
  });

  test("of another incarnation with the same pid does nothing", async () => {
    const { manager, spec } = bench();
    const worker = spec(["sleep", "300"]);
    const root = await started(manager, worker);
    const former = { ...root, startTicks: root.startTicks - 1 };
    expect(await manager.terminate(worker, former)).toEqual({ kind: "gone" });
    expect(await manager.kill(worker, former, [former])).toEqual({ kind: "gone" });
    expect(manager.remains(worker, former, [former])).toEqual([]);
    expect(isAlive(root)).toBe(true);
  });
});

describe("a kill", () => {
  test("ends a worker that ignores SIGTERM, and its exit is recorded", async () => {
    const { manager, spec, log } = bench();
    const worker = spec(["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.02; done"]);
    const root = await started(manager, worker);
    await eventually(() => log().includes("ready"), { what: "the trap" });
    await manager.terminate(worker, root);
    expect(isAlive(root)).toBe(true);
    expect(await manager.kill(worker, root, [root])).toEqual({ kind: "sent" });
    expect(manager.remains(worker, root, [root])).toEqual([]);
    expect(await exitCode(manager, worker, root)).toBe(137);
  });

  test("reaches children, what left the session, and what was stopped; never the shim", async () => {
    const { manager, spec, runDirectory, directory } = bench();
    const escapee = "setsid sh -c 'sh -c \"echo \\$\\$ >escaped; exec sleep 300\" & exit'";
    const worker = spec([
      "sh",
      "-c",
      `sleep 300 & kill -STOP $!; ${escapee}; while [ ! -s escaped ]; do sleep 0.01; done; echo $! >stopped; exec sleep 300`,
    ]);
    const root = await started(manager, worker);
    const stopped = await eventually(() => incarnationIn(join(directory, "stopped")), { what: "the tree" });
    const escaped = incarnationIn(join(directory, "escaped"));
    const shim = lockHolder(runDirectory, "w");
    const members = manager.remains(worker, root, []);
    expect(members).toContainEqual(stopped);
    expect(members).toContainEqual(escaped);
    expect(members).not.toContainEqual(shim);
    expect(await manager.kill(worker, root, [])).toEqual({ kind: "sent" });
    for (const member of members) expect(isAlive(member)).toBe(false);
    expect(manager.remains(worker, root, members)).toEqual([]);
    expect(await exitCode(manager, worker, root)).toBe(137);
  });

  test("is not outrun by a tree that keeps forking away", async () => {
    const { manager, spec, log } = bench();
    const breeder = "while :; do setsid sh -c 'sleep 0.2 & sleep 0.1' & sleep 0.02; done";
    const worker = spec(["sh", "-c", `(${breeder}) & (${breeder}) & echo ready; ${breeder}`]);
    const root = await started(manager, worker);
    await eventually(() => log().includes("ready") && manager.remains(worker, root, []).length > 8, {
      what: "the brood",
    });
    expect(await manager.kill(worker, root, [root])).toEqual({ kind: "sent" });
    expect(manager.remains(worker, root, [root])).toEqual([]);
    expect(await manager.start(spec(["sleep", "300"]), "next")).toMatchObject({ kind: "started" });
  });

  test("of a former incarnation spares the one that runs now", async () => {
    const { manager, spec } = bench();
    const worker = spec(["sleep", "300"]);
    const former = await started(manager, worker, "a");
    await manager.kill(worker, former, [former]);
    const present = await started(manager, worker, "b");
    expect(manager.remains(worker, former, [former])).toEqual([]);
    // Even when the present one is handed in among the members.
    await manager.kill(worker, former, [former, present]);
    expect(isAlive(present)).toBe(true);
  });
});

function brakeRecord(runDirectory: string, incarnation: Incarnation): void {
  mkdirSync(dirname(brakeRecordPath(runDirectory, "w")), { recursive: true });
  writeBrakeRecord(runDirectory, {
    version: 1,
    worker: "w",
    incarnation,
    brakesTotal: 0,
    consecutiveBrakes: 0,
    limit: 10,
    lastBrakeSeconds: undefined,
    handles: [],
    ending: undefined,
  });
}

/** The child of the root, once the log holds the word that it says when its handler stands. */
function memberThatSaid(word: string, root: Incarnation, log: string): Incarnation | undefined {
  return log.includes(word) ? treeOf(root).find(({ pid }) => pid !== root.pid) : undefined;
}

function incarnationIn(file: string): Incarnation | undefined {
  try {
    return identify(Number.parseInt(readFileSync(file, "utf8"), 10));
  } catch {
    return undefined;
  }
}
