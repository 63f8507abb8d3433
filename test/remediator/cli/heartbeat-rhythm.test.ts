// A guard with less patience than a healthy pipeline needs is told of, with its place and a remedy.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { parseDuration } from "../../../config/units/duration.ts";
import { AS_SHIPPED, longestHeartbeatGap } from "../../../remediator/cli/heartbeat-rhythm.ts";
import { written } from "../../config/written-config.ts";
import { PROJECT, runCommand } from "../../support/pitcrew.ts";

test("the rhythm is that of the files that are shipped", () => {
  const file = (name: string) => parse(readFileSync(join(PROJECT, "alerts", name), "utf8")) as unknown;
  const { route } = file("alertmanager.yml") as { route: { routes: Record<string, string>[] } };
  const remediator = route.routes.find(({ receiver }) => receiver === "remediator") ?? {};
  const { global } = file("prometheus.yml") as { global: Record<string, string> };
  const inSeconds = (text = "") => {
    const found = parseDuration(text);
    if (!found.ok) throw new Error(found.problem);
    return found.value;
  };
  expect({
    resendDelay: 60,
    evaluationInterval: inSeconds(global.evaluation_interval),
    repeatInterval: inSeconds(remediator.repeat_interval),
    groupInterval: inSeconds(remediator.group_interval),
  }).toEqual(AS_SHIPPED);
  expect(longestHeartbeatGap(AS_SHIPPED)).toBe(135);
});

async function checked(guard: string) {
  const { file } = written(`run_directory: run
state_directory: state
log_directory: log
workers: [{name: a, command: [sh]}]
remediator:
  guard: {${guard}}
`);
  const { code, stdout } = await runCommand(["check", "--config.file", file]);
  return { code, file, about: stdout.split("\n").filter((line) => line.includes("heartbeat_timeout")) };
}

test("check names the place, the value and the remedy of a heartbeat_timeout that a healthy Alertmanager would not meet", async () => {
  const { code, file, about } = await checked("heartbeat_timeout: 90s");
  expect(code).toBe(0);
  expect(about).toEqual([
    expect.stringContaining(
      `${file}:6:30: remediator.guard.heartbeat_timeout: 1m30s is shorter than the heartbeats of a healthy Alertmanager may be apart (2m15s with`,
    ),
  ]);
  expect(about[0]).toContain("write 3m");
});

test.each([
  ["as long as the longest gap", "heartbeat_timeout: 135s"],
  ["of a guard that no heartbeat holds back", "when: always, heartbeat_timeout: 30s"],
  ["of a guard that is off", "when: never, heartbeat_timeout: 30s"],
])("check says nothing of one %s", async (_title, guard) => {
  expect(await checked(guard)).toMatchObject({ code: 0, about: [] });
});
