import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { watchExits } from "../../../remediator/managers/exit-watch.ts";
import { eventually } from "../../support/eventually.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { bench, started } from "./bench.ts";

function watched(directory: string): string[] {
  const changes: string[] = [];
  const watch = watchExits(directory, (worker) => changes.push(worker));
  onTestFinished(() => watch.close());
  return changes;
}

test("an exit is told at once, by the worker's name", async () => {
  const { manager, spec, runDirectory } = bench();
  const worker = spec(["sleep", "300"]);
  const root = await started(manager, worker);
  const told = new Promise<number>((resolve) => {
    const watch = watchExits(runDirectory, () => {
      if (manager.exitOf(worker, root) !== undefined) resolve(performance.now());
    });
    onTestFinished(() => watch.close());
  });
  const killed = performance.now();
  await manager.kill(worker, root, [root]);
  // Far below the time after which the directory is looked at again.
  expect((await told) - killed).toBeLessThan(900);
});

test("other files of the run directory are no news", async () => {
  const directory = temporaryDirectory();
  const changes = watched(directory);
  changes.length = 0;
  for (const name of ["w.lock", "w.state", ".w.exit.17", "control.sock", "W.exit", "-x.pid", ".pid"])
    writeFileSync(join(directory, name), "");
  writeFileSync(join(directory, "last.exit"), "");
  await eventually(() => changes.includes("last"), { what: "the last one" });
  expect(new Set(changes)).toEqual(new Set(["last"]));
});

test("names with dots and dashes are told whole", async () => {
  const directory = temporaryDirectory();
  const changes = watched(directory);
  writeFileSync(join(directory, "train-1.exit.pid"), "");
  await eventually(() => changes.includes("train-1.exit"), { what: "the change" });
});

test("a directory that is made anew is watched again, and what is in it already is told", async () => {
  const directory = join(temporaryDirectory(), "run");
  const changes = watched(directory);
  mkdirSync(directory);
  writeFileSync(join(directory, "a.exit"), "");
  await eventually(() => changes.includes("a"), { what: "a file of the directory that appeared" });

  rmSync(directory, { recursive: true });
  mkdirSync(directory);
  writeFileSync(join(directory, "b.pid"), "");
  await eventually(() => changes.includes("b"), { what: "a file of the second directory" });

  renameSync(directory, `${directory}.old`);
  mkdirSync(directory);
  await eventually(
    () => {
      writeFileSync(join(directory, "c.exit"), "");
      return changes.includes("c");
    },
    { what: "a file of the third directory" },
  );
});

test("nothing is told after close", async () => {
  const directory = temporaryDirectory();
  const changes: string[] = [];
  watchExits(directory, (worker) => changes.push(worker)).close();
  const others = watched(directory);
  changes.length = 0;
  writeFileSync(join(directory, "a.exit"), "");
  await eventually(() => others.includes("a"), { what: "another watch to be told" });
  expect(changes).toEqual([]);
});
