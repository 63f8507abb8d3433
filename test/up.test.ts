// `pitcrew up --view`, as `npm start` runs it, in a terminal that somebody closes.
import { constants } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { eventsOf } from "./support/events.ts";
import { eventually } from "./support/eventually.ts";
import { createSite, isRunning, LEAKY, PROJECT } from "./support/pitcrew.ts";
import { openTerminal } from "./support/terminal.ts";

test("whoever closes the terminal ends the workers and pitcrew, as with Ctrl-C", async () => {
  const site = createSite({
    workers: (own) => `  - name: train\n    command: [python3, ${LEAKY}, --events, ${own.events("train")}]`,
  });
  const program = [join(PROJECT, "dist", "pitcrew.js"), "up", "--view", "--config.file", site.configFile];
  const terminal = openTerminal([process.execPath, ...program]);
  const [start] = await eventually(
    () => {
      const starts = eventsOf(site.events("train"), "start");
      return starts.length > 0 && terminal.shown().includes("RESTARTS") && starts;
    },
    { what: "the worker to run and to be shown", within: 60_000 },
  );
  terminal.close();
  await terminal.ended;
  expect(terminal.shown().trimEnd().split("\n").at(-1)).toBe(`ended with -${constants.signals.SIGHUP}`);
  expect(eventsOf(site.events("train"), "end")).toHaveLength(1);
  expect(isRunning(start?.pid ?? 0)).toBe(false);
});
