// The commands as people run them: the built executable against a running remediator, a dead one, and in a real terminal.
import { execFileSync, spawn } from "node:child_process";
import { chmodSync } from "node:fs";
import { expect, test } from "vitest";
import type { StatusView } from "../../../remediator/api/views.ts";
import { eventually } from "../../support/eventually.ts";
import {
  createSite,
  LEAKY,
  PROJECT,
  readJournalLines,
  runCommand,
  type Site,
  startPitcrew,
} from "../../support/pitcrew.ts";

function twoWorkers(site: Omit<Site, "configFile">): string {
  return ["one", "two"]
    .map(
      (name) => `  - name: ${name}
    command: [python3, ${LEAKY}, --events, ${site.events(name)}, --term-seconds, '1']
    stop: {drain: 0s, grace: 10s}
    cooldown: 0s`,
    )
    .join("\n");
}

test("orders that wait: a turn is waited for, a stop may take the place of a start, and the journal has who gave them", async () => {
  const site = createSite({ workers: twoWorkers, remediator: "  guard: {when: never}" });
  const pitcrew = await startPitcrew(site);
  const run = (...args: string[]) => runCommand([...args, "--config.file", site.configFile]);
  const up = async () =>
    (await pitcrew.status()).workers.every(({ state, incident }) => state === "up" && incident === null);
  await eventually(up, { what: "both workers", within: 60_000 });

  // One slot: the second renewal has to wait for the first one.
  const both = await Promise.all([run("restart", "one", "--wait"), run("restart", "two", "--wait")]);
  expect(both.map(({ code, stderr }) => [code, stderr])).toEqual([
    [0, ""],
    [0, ""],
  ]);
  // A pause holds automation, not people.
  await run("pause", "one", "--for", "1h", "--reason", "a look");
  expect(await run("restart", "one", "--wait")).toMatchObject({ code: 0, stderr: "" });
  const stop = await run("stop", "one", "--wait");
  expect([stop.code, stop.stderr]).toEqual([0, ""]);
  expect(await run("resume", "two")).toMatchObject({ stdout: "nothing was paused\n" });
  expect(await run("resume", "nobody")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("no worker of this name") as string,
  });
  expect(await run("resume", "one")).toMatchObject({ stdout: "1 pause has ended\n" });

  const user = execFileSync("id", ["-un"], { encoding: "utf8" }).trim();
  const orders = readJournalLines(site).filter(({ entry }) => entry.type === "order");
  expect(orders.map(({ entry }) => [entry.worker, entry.action, entry.by])).toEqual(
    expect.arrayContaining([
      ["one", "restart", process.env.SUDO_USER ?? user],
      ["two", "restart", process.env.SUDO_USER ?? user],
      ["one", "stop", process.env.SUDO_USER ?? user],
    ]),
  );

  // In a terminal of its own size, refreshed in place, and left as it was.
  const watched = await watch(site);
  expect(watched.code).toBe(0);
  expect(watched.output.startsWith("\u001b[?1049h\u001b[?25l")).toBe(true);
  expect(watched.output.trimEnd().endsWith("\u001b[?25h\u001b[?1049l")).toBe(true);
  expect(watched.output).toContain("WORKER");

  await pitcrew.kill();
  const offline = await run("status");
  expect(offline.stdout).toContain("the remediator does not run");
  expect(offline.stdout.replaceAll("\n", " ")).toContain("read from its files");
  expect((JSON.parse((await run("status", "--json")).stdout) as StatusView).remediator).toBeNull();
  const past = await run("history", "--worker", "one", "--since", "1h");
  expect(past.stdout).toContain("read from its journal");
  expect(past.stdout).toContain("asked for by");
  expect(past.stdout).not.toContain("two");

  // Somebody who may not read the journal gets one sentence.
  chmodSync(site.directory, 0o755);
  chmodSync(site.configFile, 0o644);
  for (const command of ["status", "history"]) {
    const answer = await asNobody(command, site.configFile);
    expect(answer.stderr).toMatch(/^pitcrew: this user may not open .*control\.sock: run it with sudo, .*\n$/);
    expect(answer).toMatchObject({ code: 1, stdout: "" });
  }
});

/** `status --watch` under script(1), ended by Ctrl-C once it has drawn. */
function watch(site: Site): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    // `exec`: a shell that stays would be ended by the same Ctrl-C.
    const command = `exec ${process.execPath} ${PROJECT}/dist/pitcrew.js status --watch --config.file ${site.configFile}`;
    const child = spawn("script", ["-qefc", command, "/dev/null"], { stdio: ["pipe", "pipe", "inherit"] });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      const drawn = output.includes("WORKER");
      output += text;
      // Ctrl-C, as the terminal sends it.
      if (!drawn && output.includes("WORKER")) child.stdin.write("\u0003");
    });
    child.once("close", (code) => resolve({ code, output }));
  });
}

function asNobody(
  command: string,
  configFile: string,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const args = [`${PROJECT}/dist/pitcrew.js`, command, "--config.file", configFile];
    const child = spawn(process.execPath, args, { uid: 65_534, gid: 65_534, cwd: "/" });
    const result = { stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      result.stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      result.stderr += text;
    });
    child.once("close", (code) => resolve({ code, ...result }));
  });
}
