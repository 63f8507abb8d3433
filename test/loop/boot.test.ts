import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import { systemClock } from "../../remediator/incidents/clock.ts";
import { Journal } from "../../remediator/incidents/journal.ts";
import { incarnation, incident, OTHER_BOOT } from "../remediator/incidents/builders.ts";
import { eventsOf } from "../support/events.ts";
import { eventually } from "../support/eventually.ts";
import { createSite, isRunning, LEAKY, startPitcrew } from "../support/pitcrew.ts";

test("what the machine's last boot left half done is over, on the record, and its worker is started as on any morning", async () => {
  const site = createSite({
    remediator: "  guard: {when: never}",
    workers: (own) => `  - name: w
    command: [python3, ${LEAKY}, --events, ${own.events("w")}]`,
  });
  const stateDirectory = dirname(site.journalFile);
  mkdirSync(stateDirectory, { mode: 0o700 });
  const { journal } = Journal.open(stateDirectory, OTHER_BOOT);
  const { wall } = systemClock();
  // The pid is this test's own: after a boot a number may belong to anybody.
  const about = incident({ state: "terminating", incarnation: incarnation(process.pid, OTHER_BOOT) });
  journal.append([{ type: "incident", incident: about }], { mono: 1e6, wall: wall - 60 }, true);
  journal.close();

  const pitcrew = await startPitcrew(site);
  await eventually(() => eventsOf(site.events("w"), "start").length > 0, { what: "the worker to start" });
  await eventually(async () => (await pitcrew.worker("w")).state === "up", { what: "the worker to be up" });
  const incidents = await pitcrew.incidents("w");
  const former = incidents.find(({ id }) => id === about.id);
  expect(former?.state).toBe("superseded");
  expect(former?.story.at(-1)?.text).toBe("the machine was booted anew");
  expect(eventsOf(site.events("w"), "start").filter(({ pid }) => isRunning(pid))).toHaveLength(1);
});
