import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { eventsOf } from "../support/events.ts";
import { eventually } from "../support/eventually.ts";
import { createSite, isRunning, PROJECT, readJournalLines, runCommand, startPitcrew } from "../support/pitcrew.ts";

const RESUMING = join(PROJECT, "demo", "resuming_worker.py");
const LIBRARY = join(PROJECT, "worker", "python");
const GUARD = "  guard: {when: always, interval: 200ms}";

function linesOf(file: string): string[] {
  return existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n") : [];
}

test("a worker at its age limit in the middle of a trial loses nothing: it checkpoints, is renewed and resumes where it stopped", async () => {
  const trials = 20;
  const site = createSite({
    remediator: GUARD,
    workers: (own) => `  - name: resuming
    command: [python3, -B, ${RESUMING}, --trials, '${trials}', --seconds, '0.25', --folder, ${own.directory}]
    limits: {age: 2s, age_jitter: 0%}
    stop: {drain: 30s, grace: 10s}
    cooldown: 0s
    start_interval: 100ms`,
  });
  const pitcrew = await startPitcrew(site);
  const results = join(site.directory, "results.txt");
  await eventually(() => linesOf(results).length === trials, { what: "all trials", within: 60_000 });
  await eventually(async () => (await pitcrew.worker("resuming")).desired === "down", { what: "the worker to finish" });
  const rows = linesOf(results).map((line) => line.split(" ").map(Number));
  expect(rows.map(([trial]) => trial)).toEqual([...Array(trials).keys()]);
  expect(new Set(rows.map(([, pid]) => pid)).size).toBeGreaterThan(1);
  const worker = await pitcrew.worker("resuming");
  expect(Object.keys(worker.restarts)).toEqual(["age"]);
  expect(worker.last_exit).toMatchObject({ code: 0 });
  expect(readFileSync(join(site.logDirectory, "resuming.log"), "utf8")).toContain("checkpoint after");
  // It left by itself each time: no signal was needed.
  const stories = (await pitcrew.incidents("resuming")).flatMap(({ story }) => story.map(({ text }) => text));
  expect(stories.some((text) => text.startsWith("asked to drain"))).toBe(true);
  expect(stories.filter((text) => text.includes("SIG"))).toEqual([]);
});

test("a worker that offers to drain and does not come to a boundary is told to end when stop.drain is over", async () => {
  const site = createSite({
    remediator: GUARD,
    workers: (own) => `  - name: busy
    command: [python3, -B, ${join(own.directory, "busy.py")}, --events, ${own.events("busy")}]
    environment: {PYTHONPATH: "${LIBRARY}:${join(PROJECT, "test", "support")}"}
    limits: {age: 2s, age_jitter: 0%}
    stop: {drain: 500ms, grace: 10s}
    cooldown: 0s
    start_interval: 100ms`,
  });
  writeFileSync(join(site.directory, "busy.py"), "from pitcrew_brake import Brake\nbrake = Brake()\nimport leaky\n");
  const pitcrew = await startPitcrew(site);
  const [term] = await eventually(
    () => {
      const terms = eventsOf(site.events("busy"), "term");
      return terms.length > 0 && terms;
    },
    { what: "SIGTERM", within: 60_000 },
  );
  await eventually(() => eventsOf(site.events("busy"), "start").length === 2, { what: "the fresh process" });
  expect(isRunning(term?.pid ?? 0)).toBe(false);
  const renewal = (await pitcrew.incidents("busy")).find(({ reason }) => reason === "age");
  const story = renewal?.story.map(({ text }) => text).join("\n") ?? "";
  expect(story).toContain("asked to drain");
  expect(story).toContain("the drain ran out of time");
});

describe("who never heard of pitcrew receives no request, and no signal but SIGTERM:", () => {
  const node = `const { appendFileSync } = require("node:fs");
const { constants } = require("node:os");
const tell = (line) => appendFileSync(process.argv[2], line + "\\n");
for (const name of ["SIGHUP", "SIGINT", "SIGUSR2", "SIGPIPE", "SIGTERM", "SIGQUIT", "SIGALRM", "SIGWINCH", "SIGCONT"])
  process.on(name, () => { tell("signal " + constants.signals[name]); if (name === "SIGTERM") process.exit(0); });
tell("start " + process.pid);
setInterval(() => {}, 1000);`;

  test.each([
    ["a plain Node worker", "node", (directory: string) => `[node, ${join(directory, "plain.cjs")}`],
    ["a program such as a JVM", "jvm", () => `[python3, ${join(PROJECT, "test", "support", "all_signals.py")}`],
  ])("%s", async (_, name, command) => {
    const site = createSite({
      remediator: GUARD,
      workers: (own) => `  - name: ${name}
    command: ${command(own.directory)}, ${own.events(name)}]
    restart: always
    limits: {memory: 1GiB, memory_relief: 1KiB}
    stop: {drain: 20s, grace: 10s}
    cooldown: 0s
    start_interval: 100ms`,
    });
    writeFileSync(join(site.directory, "plain.cjs"), node);
    await startPitcrew(site);
    const starts = () => linesOf(site.events(name)).filter((line) => line.startsWith("start"));
    const told = () => JSON.stringify(readJournalLines(site));
    await eventually(() => starts().length === 1 && told().includes("the worker offers no relief"), {
      what: "the worker to be over its relief limit",
      within: 60_000,
    });
    await runCommand(["recycle", name, "--config.file", site.configFile]);
    await eventually(() => starts().length === 2, { what: "the renewal", within: 60_000 });
    const signals = linesOf(site.events(name)).filter((line) => line.startsWith("signal"));
    expect(new Set(signals)).toEqual(new Set(["signal 15"]));
    expect(existsSync(join(site.runDirectory, `${name}.request`))).toBe(false);
  });
});
