// A process in a frozen control group (v1) takes no signal, not even SIGKILL: what pitcrew cannot kill it must not double.
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { alert, count, isFat, isUp, leaky, living, QUIET, started } from "../cases/scene.ts";
import { eventually } from "../support/eventually.ts";
import { createSite, isRunning, startPitcrew } from "../support/pitcrew.ts";

const FREEZER = "/sys/fs/cgroup/freezer";

test("case 15: a worker that survives SIGKILL is escalated, no second copy is started, and it is replaced when it is gone at last", async () => {
  const site = createSite({
    remediator: QUIET,
    workers: (own) =>
      leaky(own, "frozen", {
        args: "--hold-mib 60",
        keys: ["limits: {memory: 50MiB}", "restart: always", "cooldown: 0s"],
      }).replace("grace: 5s", "grace: 500ms"),
  });
  const pitcrew = await startPitcrew(site);
  await isFat(pitcrew, "frozen");
  const pid = await isUp(pitcrew, "frozen");
  const group = join(FREEZER, `pitcrew-case-15-${process.pid}`);
  mkdirSync(group);
  const state = (text: string) => writeFileSync(join(group, "freezer.state"), text);
  onTestFinished(async () => {
    state("THAWED");
    await eventually(() => !isRunning(pid), { what: "the survivor to end" });
    await eventually(() => removed(group), { what: "the group to be empty" });
  });
  writeFileSync(join(group, "cgroup.procs"), String(pid));
  state("FROZEN");
  await eventually(() => readFileSync(join(group, "freezer.state"), "utf8") === "FROZEN\n", { what: "the frost" });

  await pitcrew.webhook([alert("frozen")]);
  const verdict = await eventually(
    async () =>
      (await pitcrew.incidents("frozen")).find(
        ({ alertname, state: found }) => alertname !== null && found === "escalated",
      ),
    { what: "the escalation", within: 60_000 },
  );
  expect(verdict.story.at(-1)?.text).toMatch(/survived SIGKILL .* no second copy is started/);
  expect(isRunning(pid)).toBe(true);
  expect(count(site, "frozen", "start")).toBe(1);
  // Another alert changes nothing: it has been acted on.
  await pitcrew.webhook([alert("frozen")]);
  expect(living(site, "frozen")).toEqual([pid]);

  state("THAWED");
  await started(site, "frozen", 2);
  expect(living(site, "frozen")).toHaveLength(1);
});

function removed(group: string): boolean {
  try {
    rmdirSync(group);
    return true;
  } catch {
    return false;
  }
}
