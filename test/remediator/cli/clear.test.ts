// What `pitcrew clear` tells: leaving quarantine is not yet a start.
import { expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { createSite, readJournalLines, runCommand, startPitcrew } from "../../support/pitcrew.ts";

test("clear says that a spent budget still holds the worker, until when, and that a start does not wait for it; so does status", async () => {
  const site = createSite({
    workers: () => `  - name: crashing
    command: [/bin/false]
    budget: 4/30m
    cooldown: 0s
    start_interval: 0s`,
    remediator: "  guard: {when: never}",
  });
  const pitcrew = await startPitcrew(site);
  const run = (...args: string[]) => runCommand([...args, "--config.file", site.configFile]);
  const crashing = async () => {
    const [worker] = (await pitcrew.status()).workers;
    if (worker === undefined) throw new Error("no worker");
    return worker;
  };

  await eventually(async () => (await crashing()).quarantined, { what: "the quarantine", within: 60_000 });
  expect((await run("status")).stdout).toMatch(
    /^QUARANTINED {2}crashing: quarantined, held stopped, until 2.*Z: pitcrew clear crashing lets it out$/m,
  );

  const cleared = await run("clear", "crashing");
  expect(cleared.code).toBe(0);
  const held =
    /its budget of urgent starts is spent \(4 in 30m00s\), until (2\S+Z): pitcrew start crashing starts it now/;
  expect(cleared.stdout).toMatch(new RegExp(`^crashing: clear: left quarantine\n {2}still held back: ${held.source}`));
  const until = Date.parse(held.exec(cleared.stdout)?.[1] ?? "");
  expect(until).toBeGreaterThan(Date.now());
  expect(until).toBeLessThan(Date.now() + 1_800_000);
  expect((await run("status")).stdout).toMatch(new RegExp(`^BUDGET {2}crashing: ${held.source}`, "m"));
  expect(await crashing()).toMatchObject({ quarantined: false, held_back: [{ reason: "budget" }] });

  const again = await run("clear", "crashing");
  expect(again.stdout).toMatch(/^crashing: clear: it was not in quarantine\n {2}still held back: its budget/);

  // The remedy does what it says.
  const starts = () => readJournalLines(site).filter(({ entry }) => entry.type === "start").length;
  const before = starts();
  expect(await run("start", "crashing")).toMatchObject({ code: 0 });
  await eventually(() => starts() > before, { what: "a start that does not wait for the budget", within: 60_000 });
});
