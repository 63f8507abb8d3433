// Processes that do not behave.
import { execFile, spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { createSite, isRunning, PROJECT, runCommand, startPitcrew } from "../support/pitcrew.ts";
import { alert, count, GUARD, isFat, isUp, leaky, living, metric, QUIET, started } from "./scene.ts";

describe("a worker", () => {
  test("case 13: that is a zombie, because its parent does not wait for it, is down, and another one is started", async () => {
    const site = createSite({
      remediator: GUARD,
      workers: (own) => `  - name: legacy
    manager: command
    pidfile: ${join(own.directory, "legacy.pid")}
    start: [/bin/sh, -c, "echo started >> ${own.events("legacy")}; sleep 600 >/dev/null 2>&1 & echo $! > ${join(own.directory, "legacy.pid")}"]
    stop: {grace: 2s}
    cooldown: 0s`,
    });
    // Its parent: starts it, and never asks how it ended.
    const script = `import os, sys, time
pid = os.fork()
if pid == 0:
    os.execvp("sleep", ["sleep", "601"])
open(sys.argv[1], "w").write(f"{pid}\\n")
time.sleep(600)
`;
    const pidfile = join(site.directory, "legacy.pid");
    const parent = spawn("python3", ["-c", script, pidfile], { stdio: "ignore" });
    onTestFinished(() => void parent.kill("SIGKILL"));
    await eventually(() => existsSync(pidfile) && readFileSync(pidfile, "utf8").endsWith("\n"), {
      what: "the worker",
    });
    const pitcrew = await startPitcrew(site);
    const pid = await isUp(pitcrew, "legacy");
    process.kill(pid, "SIGKILL");
    await eventually(() => readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z "), { what: "the zombie" });
    const next = await eventually(
      async () => {
        const { pid: present } = await pitcrew.worker("legacy");
        return present !== null && present !== pid ? present : undefined;
      },
      { what: "a living one", within: 60_000 },
    );
    onTestFinished(() => void process.kill(next, "SIGKILL"));
    expect(readFileSync(site.events("legacy"), "utf8")).toBe("started\n");
  });

  test("case 16: that has grandchildren, and one that left its session, is gone with all of them before the next one starts", async () => {
    const site = createSite({
      remediator: QUIET,
      workers: (own) => `  - name: family
    command:
      - /bin/sh
      - -c
      - |
        echo "start $$ 0" >> ${own.events("family")}
        for other in $(cat ${join(own.directory, "members")} 2>/dev/null); do
          if grep -q '^State:[[:space:]][^Z]' /proc/$other/status 2>/dev/null; then echo "exit $other 0" >> ${own.events("family")}; fi
        done
        : > ${join(own.directory, "members")}
        sh -c 'sleep 600 & echo $! >> ${join(own.directory, "members")}; setsid sh -c "trap : TERM HUP; echo \\$\\$ >> ${join(own.directory, "members")}; sleep 600; sleep 600" & wait' &
        trap 'exit 0' TERM
        while :; do sleep 0.1; done
    stop: {drain: 0s, grace: 1s}`,
    });
    const pitcrew = await startPitcrew(site);
    const members = () => {
      const file = join(site.directory, "members");
      return existsSync(file)
        ? readFileSync(file, "utf8")
            .trim()
            .split("\n")
            .filter((line) => line !== "")
            .map(Number)
        : [];
    };
    await eventually(() => members().length === 2, { what: "the family" });
    const before = members();
    expect(before.every(isRunning)).toBe(true);
    const done = await runCommand(["restart", "family", "--force", "--wait", "--config.file", site.configFile]);
    expect(done).toMatchObject({ code: 0 });
    expect(before.filter(isRunning)).toEqual([]);
    await eventually(() => members().length === 2 && members()[0] !== before[0], { what: "the new family" });
    // The new one looked for the living of the old one when it began.
    expect(readFileSync(site.events("family"), "utf8")).not.toContain("exit");
    expect((await pitcrew.worker("family")).restarts).toEqual({ operator: 1 });
  });

  test("case 17: that cannot be started, for want of a command, of memory or of processes, is tried again until it can be", async () => {
    const site = createSite({
      remediator: GUARD,
      workers: (own) => `${leaky(own, "starved")}
  - name: missing
    command: [${join(own.directory, "not-there")}, --events, ${own.events("missing")}]`,
    });
    const file = join(site.directory, "not-there");
    const pitcrew = await startPitcrew(site, {
      NODE_OPTIONS: `--import ${join(PROJECT, "test", "support", "spawn-fails.mjs")}`,
      PITCREW_TEST_SPAWN_FAILS: "ENOMEM,EAGAIN",
    });
    await started(site, "starved", 1);
    const story = (await pitcrew.incidents("starved"))[0]?.story.map(({ text }) => text).join("\n");
    expect(story).toContain("ENOMEM");
    expect(story).toContain("EAGAIN");
    expect(living(site, "starved")).toHaveLength(1);
    await eventually(
      async () =>
        (await pitcrew.incidents("missing"))[0]?.story.some(({ text }) => text.includes(`${file} does not exist`)),
      { what: "the reason to be told" },
    );
    expect(
      await metric(pitcrew, 'pitcrew_remediator_actions_total{host="test-host",action="start",outcome="failed"}'),
    ).toBeGreaterThan(2);
    writeFileSync(file, `#!/bin/sh\nexec python3 ${join(PROJECT, "test", "support", "leaky.py")} "$@"\n`, {
      mode: 0o755,
    });
    await started(site, "missing", 1);
    rmSync(file);
  });

  test("case 18: that dies at once again and again is held stopped, which pages; an operator lets it out", async () => {
    const site = createSite({
      remediator: GUARD,
      workers: (own) =>
        leaky(own, "doomed", {
          args: "--exit-code 1",
          keys: ["budget: 3/30m", "start_interval: 0s", "cooldown: 0s"],
        }),
    });
    const pitcrew = await startPitcrew(site);
    const quarantined = 'pitcrew_worker_quarantined{host="test-host",worker="doomed",group="doomed"}';
    await eventually(async () => (await metric(pitcrew, quarantined)) === 1, { what: "quarantine", within: 60_000 });
    const starts = count(site, "doomed", "start");
    expect(starts).toBeLessThanOrEqual(5);
    const worker = await pitcrew.worker("doomed");
    expect(worker).toMatchObject({
      state: "down",
      quarantined: true,
      incident: { state: "holding", blocked: "quarantined" },
    });
    // An alert does not get it started; a person does.
    await pitcrew.webhook([alert("doomed", { alertname: "PitcrewWorkerDown", remediation: "start", reason: "down" })]);
    expect(count(site, "doomed", "start")).toBe(starts);
    await new Promise<void>((resolve) => {
      execFile(
        process.execPath,
        [join(PROJECT, "dist", "pitcrew.js"), "start", "doomed", "--config.file", site.configFile],
        () => resolve(),
      );
    });
    await started(site, "doomed", starts + 1);
  });

  test("case 14: that ignores SIGTERM is killed when its grace is over, and only then another one starts", async () => {
    const site = createSite({
      remediator: QUIET,
      workers: (own) =>
        leaky(own, "deaf", { args: "--hold-mib 60 --ignore-term", keys: ["limits: {memory: 50MiB}"] }).replace(
          "grace: 5s",
          "grace: 700ms",
        ),
    });
    const pitcrew = await startPitcrew(site);
    await isFat(pitcrew, "deaf");
    const pid = await isUp(pitcrew, "deaf");
    await pitcrew.webhook([alert("deaf")]);
    await started(site, "deaf", 2);
    expect(isRunning(pid)).toBe(false);
    expect((await pitcrew.worker("deaf")).last_exit).toMatchObject({ code: 137, reason: "signal" });
    const story = (await pitcrew.incidents("deaf")).flatMap((incident) => incident.story);
    const killed = story.find(({ action, outcome }) => action === "terminate" && outcome === "timed_out");
    expect(killed?.took_seconds).toBeGreaterThanOrEqual(0.7);
  });
});
