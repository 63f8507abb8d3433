import { expect, test } from "vitest";
import { createManagers } from "../../../remediator/managers/managers.ts";
import { identify, isAlive } from "../../../worker/identify.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { workerSpec } from "./bench-spec.ts";

function managers(observeWorker: () => Promise<undefined> = () => Promise.resolve(undefined)) {
  const directory = temporaryDirectory();
  return createManagers({
    runDirectory: directory,
    logDirectory: directory,
    observer: { observeWorker },
    onNews: () => {},
    onTrouble: () => {},
  });
}

test("a worker that is only observed is never touched, and the refusal says why", async () => {
  const message = /^w is observed only: its manager is observe, so pitcrew neither stops nor starts it$/;
  const spec = workerSpec({ kind: "observe", locator: { kind: "pidfile", path: "/nowhere" } });
  const manager = managers()(spec);
  const target = identify(process.ppid);
  if (target === undefined) throw new Error("no parent");
  const refused = { kind: "failed", message: expect.stringMatching(message) };
  expect(await manager.start(spec, "a")).toMatchObject(refused);
  expect(await manager.terminate(spec, target)).toMatchObject(refused);
  expect(await manager.kill(spec, target, [target])).toMatchObject(refused);
  expect(isAlive(target)).toBe(true);
  expect(manager.remains(spec, target, [])).toEqual([]);
  expect(manager.findStart(spec, "a")).toBeUndefined();
  expect(manager.exitOf(spec, target)).toBeUndefined();
});

test("a command worker that nobody can tell about is not started", async () => {
  const spec = workerSpec({
    kind: "command",
    locator: { kind: "pidfile", path: "/nowhere" },
    launch: { argv: ["true"], directory: "/", environment: {} },
    startAtBoot: false,
  });
  expect(await managers()(spec).start(spec, "a")).toMatchObject({ kind: "already_running" });
});
