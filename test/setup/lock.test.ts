// One process at a time sets up a folder, and a dead one is never waited for.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { withLock } from "../../setup/lock.mjs";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const LOCK = join(import.meta.dirname, "../../setup/lock.mjs");

/** Another process that takes the lock, says so, and keeps it until it is killed. */
async function holder(folder: string, name: string) {
  const script = `
    const { withLock } = await import(${JSON.stringify(LOCK)});
    await withLock(${JSON.stringify(folder)}, ${JSON.stringify(name)}, () => {
      console.log("held");
      return new Promise((resolve) => setInterval(() => {}, 1000));
    });`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child.stdout, "data");
  return child;
}

test("two at once run one after the other, and the second is told that it waits", async () => {
  const folder = temporaryDirectory();
  const events: string[] = [];
  const work = async (name: string) => {
    events.push(`${name} begins`);
    await new Promise((resolve) => setImmediate(resolve));
    events.push(`${name} ends`);
    return name;
  };
  const results = await Promise.all(
    ["a", "b", "c"].map((name) =>
      withLock(
        folder,
        "work",
        () => work(name),
        (line) => events.push(line),
      ),
    ),
  );
  expect(results).toEqual(["a", "b", "c"]);
  const steps = events.filter((event) => !event.startsWith("Waiting"));
  for (let at = 0; at < steps.length; at += 2) expect(steps[at]?.[0]).toBe(steps[at + 1]?.[0]);
  expect(events).toContain("Waiting for another process to finish the same: work");
});

test("a failure releases it", async () => {
  const folder = temporaryDirectory();
  await expect(withLock(folder, "work", () => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
  expect(await withLock(folder, "work", () => Promise.resolve("next"))).toBe("next");
});

test("another process that holds it is waited for; one that is killed is not", async () => {
  const folder = temporaryDirectory();
  const child = await holder(folder, "work");
  const lines: string[] = [];
  let done = false;
  const waiting = withLock(
    folder,
    "work",
    () => {
      done = true;
      return Promise.resolve();
    },
    (line) => lines.push(line),
  );
  expect(await withLock(folder, "something else", () => Promise.resolve("not held up"))).toBe("not held up");
  expect(done).toBe(false);
  child.kill("SIGKILL");
  await waiting;
  expect(done).toBe(true);
  expect(lines).toHaveLength(1);
});

test("many processes that each read, add and write lose no addition", async () => {
  const folder = temporaryDirectory();
  const file = join(folder, "count");
  writeFileSync(file, "0");
  const script = `
    const { readFileSync, writeFileSync } = await import("node:fs");
    const { withLock } = await import(${JSON.stringify(LOCK)});
    for (let i = 0; i < 20; i++)
      await withLock(${JSON.stringify(folder)}, "count", async () => {
        const before = Number(readFileSync(${JSON.stringify(file)}, "utf8"));
        await new Promise((resolve) => setImmediate(resolve));
        writeFileSync(${JSON.stringify(file)}, String(before + 1));
      });`;
  const children = Array.from({ length: 4 }, () =>
    spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "inherit" }),
  );
  const codes = await Promise.all(children.map(async (child) => (await once(child, "exit"))[0] as number));
  expect(codes).toEqual([0, 0, 0, 0]);
  expect(readFileSync(file, "utf8")).toBe("80");
});
