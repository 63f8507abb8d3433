// The wall clock of a real pitcrew is set by an hour while it runs. test/cases/machine.test.ts does the same to a whole hour of renewals.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { createSite, PROJECT, runCommand, startPitcrew } from "../support/pitcrew.ts";
import { alert, count, isFat, isUp, leaky, QUIET } from "./scene.ts";

const HOUR = 3600;

describe("case 23: a wall clock that is set", () => {
  test.each([HOUR, -HOUR])(
    "case 23: by %i s under a real pitcrew ends no pause and no cooldown, and delays no renewal",
    {
      timeout: 240_000,
    },
    async (step) => {
      const site = createSite({
        remediator: QUIET,
        workers: (
          own,
        ) => `${leaky(own, "cool", { args: "--hold-first-mib 60", keys: ["limits: {memory: 50MiB}", "cooldown: 50m"] })}
${leaky(own, "held")}
${leaky(own, "free", { keys: ["cooldown: 0s"] })}`,
      });
      const clock = join(site.directory, "clock");
      writeFileSync(clock, "0");
      const pitcrew = await startPitcrew(site, {
        NODE_OPTIONS: `--import ${join(PROJECT, "test", "support", "shifted-clock.mjs")}`,
        PITCREW_TEST_CLOCK: clock,
      });
      const command = (...words: string[]) => runCommand([...words, "--config.file", site.configFile]);
      for (const name of ["cool", "held", "free"]) await isUp(pitcrew, name);
      await isFat(pitcrew, "cool");
      expect(await pitcrew.webhook([alert("cool")])).toBe(202);
      await eventually(async () => (await pitcrew.worker("cool")).cooldown_until, {
        what: "its cooldown",
        within: 60_000,
      });
      expect(await command("restart", "free", "--wait")).toMatchObject({ code: 0 });
      expect(await command("pause", "held", "--for", "50m", "--reason", "a test")).toMatchObject({ code: 0 });

      writeFileSync(clock, String(step));
      const { at, pauses, workers } = await eventually(
        async () => {
          const status = await pitcrew.status();
          return Math.abs(Date.parse(status.at) - Date.now() - step * 1000) < 600_000 && status;
        },
        { what: "the clock to be another" },
      );
      const cooldown = workers.find(({ worker }) => worker === "cool")?.cooldown_until;
      for (const until of [cooldown, pauses[0]?.until]) {
        const minutes = (Date.parse(until ?? "") - Date.parse(at)) / 60_000;
        expect(minutes).toBeGreaterThan(40);
        expect(minutes).toBeLessThanOrEqual(51);
      }
      expect(await command("restart", "free", "--wait")).toMatchObject({ code: 0 });
      expect(["cool", "held", "free"].map((name) => count(site, name, "start"))).toEqual([2, 1, 3]);
      expect((await pitcrew.worker("held")).paused).toBe(true);
      expect((await pitcrew.worker("free")).quarantined).toBe(false);
    },
  );
});
