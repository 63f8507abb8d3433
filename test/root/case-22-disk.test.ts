// Real disks that are full or read-only: small file systems in memory, mounted for one test.
import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { alert, count, fat, GUARD, isFat, isUp, leaky, metric, started } from "../cases/scene.ts";
import { eventually } from "../support/eventually.ts";
import { createSite, readJournalLines, runCommand, type Site, startPitcrew } from "../support/pitcrew.ts";

const WRITABLE = 'pitcrew_remediator_journal_writable{host="test-host"}';
/** A disk of its own for the state directory. */
function disk(site: Site): { fill: () => void; free: () => void; readOnly: (yes: boolean) => void } {
  const mount = join(site.directory, "state");
  mkdirSync(mount, { recursive: true });
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k,mode=0750", "pitcrew-test", mount]);
  onTestFinished(() => void execFileSync("umount", ["--lazy", mount]));
  const filler = join(mount, "filler");
  return {
    fill() {
      try {
        for (;;) appendFileSync(filler, Buffer.alloc(4096));
      } catch {
        // Full.
      }
    },
    free: () => rmSync(filler, { force: true }),
    readOnly: (yes) => void execFileSync("mount", ["-o", `remount,${yes ? "ro" : "rw"}`, mount]),
  };
}

function site(): Site {
  return createSite({
    remediator: GUARD,
    workers: (own) => `${fat(own, "fat", ["start_interval: 0s"])}\n${leaky(own, "calm")}`,
  });
}

/** Nothing over its limit yet: the worker that will be is stopped. */
async function withoutEmergency(own: Site): Promise<void> {
  writeFileSync(own.configFile, readFileSync(own.configFile, "utf8").replace("memory: 50MiB", "memory: 900MiB"));
}

async function makeEmergency(own: Site, pitcrew: Awaited<ReturnType<typeof startPitcrew>>): Promise<void> {
  writeFileSync(own.configFile, readFileSync(own.configFile, "utf8").replace("memory: 900MiB", "memory: 50MiB"));
  pitcrew.child.kill("SIGHUP");
}

describe("case 22: the journal's disk", () => {
  test("case 22: is full: an emergency is acted on, everything else refused, the metric says so; what happened is written when there is room", async () => {
    const own = site();
    await withoutEmergency(own);
    const { fill, free } = disk(own);
    const pitcrew = await startPitcrew(own);
    await isFat(pitcrew, "fat");
    await isUp(pitcrew, "calm");
    expect(await metric(pitcrew, WRITABLE)).toBe(1);
    fill();
    // Before anything had to be written.
    await eventually(async () => (await metric(pitcrew, WRITABLE)) === 0, {
      what: "the disk to be found full",
      within: 60_000,
    });
    const refused = await runCommand(["stop", "calm", "--config.file", own.configFile]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("journal cannot be written");
    expect(
      await pitcrew.webhook([
        alert("calm", { alertname: "PitcrewWorkerTooOld", remediation: "recycle", reason: "age" }),
      ]),
    ).toBe(503);
    await makeEmergency(own, pitcrew);
    await started(own, "fat", 2);
    expect(count(own, "fat", "term")).toBe(1);
    expect(count(own, "calm", "term")).toBe(0);
    expect(readJournalLines(own).some(({ entry }) => entry.type === "start")).toBe(false);

    free();
    await eventually(async () => (await metric(pitcrew, WRITABLE)) === 1, {
      what: "the disk to be found free",
      within: 60_000,
    });
    const types = readJournalLines(own).map(({ entry }) => entry.type);
    expect(types).toContain("start");
    expect(types).toContain("gap");
    expect((await runCommand(["stop", "calm", "--config.file", own.configFile])).code).toBe(0);
  });

  test("case 22: is full when pitcrew begins: it answers and runs, and acts in an emergency", async () => {
    const own = site();
    const { fill } = disk(own);
    fill();
    const pitcrew = await startPitcrew(own);
    expect(await metric(pitcrew, WRITABLE)).toBe(0);
    // Its workers are not started: a start that no journal knows of could become two. Who runs is watched over.
    expect((await pitcrew.status()).workers.map(({ state }) => state)).toEqual(["down", "down"]);
    expect(pitcrew.log()).toContain("the journal cannot be written");
  });

  test("case 22: is full when pitcrew comes back: it knows the workers that run, and ends the one over its limit", async () => {
    const own = site();
    await withoutEmergency(own);
    const { fill, free } = disk(own);
    const before = await startPitcrew(own);
    await isFat(before, "fat");
    const pid = await isUp(before, "calm");
    await before.kill();
    fill();
    const after = await startPitcrew(own);
    expect((await after.worker("calm")).pid).toBe(pid);
    await makeEmergency(own, after);
    await started(own, "fat", 2);
    free();
    await eventually(async () => (await metric(after, WRITABLE)) === 1, {
      what: "the disk to be found free",
      within: 60_000,
    });
    expect((await after.worker("calm")).restarts).toEqual({});
  });

  test("case 22: is read-only when pitcrew comes back: it knows the past, acts in an emergency, and writes when it may", async () => {
    const own = site();
    await withoutEmergency(own);
    const { readOnly } = disk(own);
    const before = await startPitcrew(own);
    await isFat(before, "fat");
    const pid = await isUp(before, "calm");
    await before.kill();
    readOnly(true);
    const after = await startPitcrew(own);
    expect(await metric(after, WRITABLE)).toBe(0);
    expect((await after.worker("calm")).pid).toBe(pid);
    await makeEmergency(own, after);
    await started(own, "fat", 2);
    expect((await runCommand(["pause", "--for", "1h", "--reason", "x", "--config.file", own.configFile])).code).toBe(1);
    readOnly(false);
    await eventually(async () => (await metric(after, WRITABLE)) === 1, {
      what: "the disk to take it again",
      within: 60_000,
    });
    expect((await runCommand(["pause", "--for", "1h", "--reason", "x", "--config.file", own.configFile])).code).toBe(0);
    expect(readJournalLines(own).map(({ entry }) => entry.type)).toContain("gap");
  });
});
