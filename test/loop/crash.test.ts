import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { eventsOf } from "../support/events.ts";
import { eventually } from "../support/eventually.ts";
import { createSite, isRunning, LEAKY, PROJECT, type Site, spawnPitcrew, startPitcrew } from "../support/pitcrew.ts";

const GUARD = "  guard: {when: always, interval: 200ms}";

function alive(site: Site, worker: string): number[] {
  return eventsOf(site.events(worker), "start")
    .map(({ pid }) => pid)
    .filter(isRunning);
}

describe("kill -9 of pitcrew", () => {
  test("workers run on, are adopted by the next one, and the exit code of one that ended in between is known", async () => {
    const site = createSite({
      remediator: GUARD,
      workers: (own) => `  - name: steady
    command: [python3, ${LEAKY}, --events, ${own.events("steady")}]
  - name: leaving
    restart: never
    command: [python3, ${LEAKY}, --events, ${own.events("leaving")}]`,
    });
    const before = await startPitcrew(site);
    await eventually(async () => (await before.status()).workers.every(({ state }) => state === "up"), {
      what: "both to be up",
    });
    const { pid } = await before.worker("steady");
    await before.kill();
    const leaving = await eventually(() => alive(site, "leaving")[0], { what: "the other worker to say its pid" });
    process.kill(leaving, "SIGKILL");
    await eventually(() => existsSync(join(site.runDirectory, "leaving.exit")), { what: "the exit to be recorded" });

    const after = await startPitcrew(site);
    expect((await after.worker("steady")).pid).toBe(pid);
    const left = await eventually(
      async () => {
        const worker = await after.worker("leaving");
        return worker.last_exit === null ? undefined : worker;
      },
      { what: "the exit to be known" },
    );
    expect(left.last_exit).toMatchObject({ code: 137, reason: "signal" });
    expect(left.desired).toBe("down");
    expect(alive(site, "steady")).toEqual([pid]);
  });

  test("between SIGTERM and start: exactly one copy runs in the end, and SIGTERM was sent once", async () => {
    const site = createSite({
      remediator: GUARD,
      workers: (own) => `  - name: slow
    command: [python3, ${LEAKY}, --events, ${own.events("slow")}, --leak-mib-per-second, '40', --until-mib, '80', --term-seconds, '1']
    stop: {drain: 0s, grace: 10s}
    cooldown: 0s
    limits: {memory: 60MiB}`,
    });
    const before = await startPitcrew(site);
    await eventually(() => eventsOf(site.events("slow"), "term").length > 0, {
      what: "SIGTERM to arrive",
      within: 60_000,
    });
    await before.kill();
    const [first] = eventsOf(site.events("slow"), "start");
    await startPitcrew(site);
    await eventually(() => eventsOf(site.events("slow"), "start").length === 2, { what: "the fresh process" });
    expect(alive(site, "slow")).toHaveLength(1);
    expect(eventsOf(site.events("slow"), "term").filter(({ pid }) => pid === first?.pid)).toHaveLength(1);
  });

  test("between spawn and the pid record: exactly one copy runs in the end", async () => {
    const site = createSite({
      remediator: GUARD,
      workers: (own) => `  - name: single
    command: [python3, ${LEAKY}, --events, ${own.events("single")}]`,
    });
    const dying = spawnPitcrew(site, {
      NODE_OPTIONS: `--import ${join(PROJECT, "test", "support", "die-after-spawn.mjs")}`,
    });
    const [, signal] = (await once(dying, "exit")) as [number | null, string | null];
    expect(signal).toBe("SIGKILL");
    const after = await startPitcrew(site);
    await eventually(async () => (await after.worker("single")).state === "up", { what: "the worker to be up" });
    await eventually(async () => (await after.worker("single")).incident === null, {
      what: "the start to be verified",
    });
    expect(eventsOf(site.events("single"), "start")).toHaveLength(1);
    expect(alive(site, "single")).toHaveLength(1);
  });

  test("Ctrl-C of a foreground pitcrew ends its workers, leaves no process and exits 0", async () => {
    const site = createSite({
      remediator: GUARD,
      workers: (own) => `  - name: one
    command: [python3, ${LEAKY}, --events, ${own.events("one")}]
  - name: deaf
    command: [python3, ${LEAKY}, --events, ${own.events("deaf")}, --ignore-term, --readers, '2']
    stop: {drain: 0s, grace: 500ms}`,
    });
    const pitcrew = await startPitcrew(site);
    await eventually(() => eventsOf(site.events("deaf"), "reader").length === 2, { what: "the readers" });
    await eventually(() => alive(site, "one").length === 1, { what: "the other worker" });
    expect(await pitcrew.interrupt()).toBe(0);
    for (const name of ["one", "deaf"]) expect(alive(site, name)).toEqual([]);
    for (const { pid } of eventsOf(site.events("deaf"), "reader")) expect(isRunning(pid)).toBe(false);
    // The next one starts them again as if for the first time.
    const next = await startPitcrew(site);
    await eventually(async () => (await next.status()).workers.every(({ state }) => state === "up"), {
      what: "both to be up again",
    });
    expect((await next.worker("one")).restarts).toEqual({});
  });
});
