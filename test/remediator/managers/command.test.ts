import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { createCommandManager } from "../../../remediator/managers/command.ts";
import { killAll } from "../../../remediator/managers/kill-all.ts";
import type { Manager } from "../../../remediator/managers/manager.ts";
import { identify, isAlive } from "../../../worker/identify.ts";
import { treeOf } from "../../../worker/process-tree.ts";
import type { Presence } from "../../../worker/reading.ts";
import type { WorkerSpec } from "../../../worker/spec.ts";
import { eventually } from "../../support/eventually.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { workerSpec } from "./bench-spec.ts";

const DAEMONIZE = "setsid sleep 300 & echo $! >worker.pid.tmp && mv worker.pid.tmp worker.pid";

/** A worker that is recognised by the pidfile `worker.pid` in its directory. */
function commandBench(start: string, stop?: string) {
  const directory = temporaryDirectory();
  const pidfile = join(directory, "worker.pid");
  const marker = { worker: "w", runDirectory: join(directory, "run") };
  const locate = (): Presence => {
    try {
      const incarnation = identify(Number.parseInt(readFileSync(pidfile, "utf8"), 10));
      return incarnation === undefined ? { kind: "down" } : { kind: "up", incarnation };
    } catch {
      return { kind: "down" };
    }
  };
  onTestFinished(async () => {
    await killAll(() => treeOf(undefined, { marker }));
  });
  const create = (look: () => Presence = locate) =>
    createCommandManager({
      runDirectory: marker.runDirectory,
      logDirectory: join(directory, "log"),
      locate: () => Promise.resolve(look()),
      appearsWithinMs: 1500,
      settleMs: 100,
    });
  const spec: WorkerSpec = workerSpec({
    kind: "command",
    locator: { kind: "pidfile", path: pidfile },
    launch: { argv: ["sh", "-c", start], directory, environment: {} },
    ...(stop !== undefined && { stopCommand: ["sh", "-c", stop] }),
    startAtBoot: false,
  });
  return { directory, pidfile, create, spec, locate };
}

async function started(manager: Manager, spec: WorkerSpec) {
  const result = await manager.start(spec, "start-1");
  if (result.kind !== "started") throw new Error(`not started: ${JSON.stringify(result)}`);
  return result.incarnation;
}

describe("a start command", () => {
  test("that leaves the worker behind and ends", async () => {
    const { create, spec, locate } = commandBench(DAEMONIZE);
    const root = await started(create(), spec);
    expect(locate()).toEqual({ kind: "up", incarnation: root });
  });

  test("that becomes the worker", async () => {
    const { create, spec } = commandBench("echo $$ >worker.pid; exec sleep 300");
    const root = await started(create(), spec);
    expect(isAlive(root)).toBe(true);
    expect(readFileSync(`/proc/${root.pid}/stat`, "utf8").split(") ")[1]?.split(" ")[3]).toBe(String(root.pid));
  });

  test("that only looks like the worker for a moment is not taken for it", async () => {
    const { create, spec } = commandBench(`echo $$ >worker.pid; sleep 0.05; ${DAEMONIZE}`);
    const root = await started(create(), spec);
    expect(readFileSync(`/proc/${root.pid}/cmdline`, "utf8")).toContain("sleep");
  });

  test("is not run while a process matches, or may match", async () => {
    const { create, spec, directory } = commandBench("touch was-run");
    const incarnation = identify(process.pid);
    if (incarnation === undefined) throw new Error("we do not live");
    const presences: Presence[] = [
      { kind: "up", incarnation },
      { kind: "ambiguous", roots: 2 },
      { kind: "unknown", source: "processes" },
    ];
    for (const presence of presences) {
      expect(await create(() => presence).start(spec, "a")).toMatchObject({ kind: "already_running" });
    }
    expect(() => readFileSync(join(directory, "was-run"))).toThrow();
  });

  test("that fails is reported with its code", async () => {
    const { create, spec, directory } = commandBench("echo no luck; exit 7");
    expect(await create().start(spec, "a")).toMatchObject({ kind: "failed", code: "exit_7" });
    expect(readFileSync(join(directory, "log", "w.log"), "utf8")).toBe("no luck\n");
  });

  test("after which nothing appears is reported", async () => {
    const { create, spec } = commandBench("exit 0");
    expect(await create().start(spec, "a")).toMatchObject({
      kind: "failed",
      code: "ETIMEDOUT",
      message: "w: its start command ran, but no process that matches appeared within 1.5 s",
    });
  });

  test("that does not exist is named", async () => {
    const { create, spec } = commandBench("");
    if (spec.manager.kind !== "command") throw new Error("not a command worker");
    const launch = { ...spec.manager.launch, argv: ["/opt/no/start.sh"] };
    expect(await create().start({ ...spec, manager: { ...spec.manager, launch } }, "a")).toEqual({
      kind: "failed",
      code: "ENOENT",
      message: "w: its command /opt/no/start.sh does not exist",
    });
  });
});

describe("a stop", () => {
  test("without a stop command is the configured signal", async () => {
    const { create, spec } = commandBench(DAEMONIZE);
    const manager = create();
    const root = await started(manager, spec);
    expect(await manager.terminate(spec, root)).toEqual({ kind: "sent" });
    await eventually(() => !isAlive(root), { what: "its end" });
    expect(await manager.terminate(spec, root)).toEqual({ kind: "gone" });
  });

  test("runs the stop command, which is told worker and pid", async () => {
    const { create, spec, directory } = commandBench(
      DAEMONIZE,
      'echo "$PITCREW_WORKER $PITCREW_PID" >told; kill $PITCREW_PID',
    );
    const manager = create();
    const root = await started(manager, spec);
    expect(await manager.terminate(spec, root)).toEqual({ kind: "sent" });
    await eventually(() => !isAlive(root), { what: "its end" });
    expect(readFileSync(join(directory, "told"), "utf8")).toBe(`w ${root.pid}\n`);
  });

  test("by a stop command that fails is a failure, and the worker runs on", async () => {
    const { create, spec } = commandBench(DAEMONIZE, "exit 3");
    const manager = create();
    const root = await started(manager, spec);
    expect(await manager.terminate(spec, root)).toEqual({
      kind: "failed",
      message: "w: its stop command ended with 3",
    });
    expect(isAlive(root)).toBe(true);
  });

  test("by a stop command that hangs ends with the grace, with all that it started", async () => {
    const { create, spec, directory } = commandBench(DAEMONIZE, "sleep 300 & echo $! >helper; wait");
    const manager = create();
    const root = await started(manager, spec);
    const impatient = { ...spec, stop: { ...spec.stop, graceSeconds: 0.5 } };
    const result = await manager.terminate(impatient, root);
    const helper = Number.parseInt(readFileSync(join(directory, "helper"), "utf8"), 10);
    await eventually(() => identify(helper) === undefined, { what: "the stop command's end" });
    // Not a failure of the command: force is next.
    expect(result).toEqual({ kind: "sent" });
  });

  test("by SIGKILL reaches the tree", async () => {
    const { create, spec, directory } = commandBench("echo $$ >worker.pid; sleep 300 & echo $! >child; exec sleep 300");
    const manager = create();
    const root = await started(manager, spec);
    const child = identify(Number.parseInt(readFileSync(join(directory, "child"), "utf8"), 10));
    if (child === undefined) throw new Error("no child");
    expect(manager.remains(spec, root, [])).toEqual(expect.arrayContaining([root, child]));
    expect(await manager.kill(spec, root, [])).toEqual({ kind: "sent" });
    expect(manager.remains(spec, root, [root, child])).toEqual([]);
    expect(manager.exitOf(spec, root)).toBeUndefined();
  });

  test("whose stop command does not exist is named", async () => {
    const { create, spec, directory } = commandBench(DAEMONIZE, "");
    if (spec.manager.kind !== "command") throw new Error("not a command worker");
    const manager = create();
    const root = await started(manager, spec);
    writeFileSync(join(directory, "stop.sh"), "");
    const broken = { ...spec, manager: { ...spec.manager, stopCommand: ["./stop.sh"] } };
    expect(await manager.terminate(broken, root)).toEqual({
      kind: "failed",
      message: `w: its command ${join(directory, "stop.sh")} is not an executable file`,
    });
  });
});
