// What `pitcrew check` says of a good configuration whose commands or token are not there.
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { written } from "../../config/written-config.ts";
import { runCommand } from "../../support/pitcrew.ts";

/** Every folder is in the temporary one; what `Mind` lists. */
async function mindOf(text: string, token: string | null = "secret") {
  const { file, folder } = written(text);
  if (token !== null) writeFileSync(join(folder, "token"), token);
  mkdirSync(join(folder, "here"));
  writeFileSync(join(folder, "here", "start.sh"), "#!/bin/sh\n");
  chmodSync(join(folder, "here", "start.sh"), 0o755);
  const { code, stdout } = await runCommand(["check", "--config.file", file]);
  const lines = stdout.split("\n");
  const from = lines.indexOf("Mind");
  const rest = lines.slice(from + 1);
  const mind =
    from < 0
      ? []
      : rest.slice(
          0,
          rest.findIndex((line) => !line.startsWith("  ")),
        );
  return {
    code,
    file,
    folder,
    mind: mind.filter((line) => !line.includes("as pitcrew does")).map((line) => line.trim()),
  };
}

const FOLDERS = "run_directory: run\nstate_directory: state\nlog_directory: log\n";
const WEBHOOK = "remediator: {webhook: {credentials_file: token}}\n";

describe("check minds", () => {
  test("nothing when every command and the token are there", async () => {
    const { code, mind } = await mindOf(`${FOLDERS}workers:
  - {name: a, command: [sh, -c, exit], directory: here}
  - {name: b, command: [./start.sh], directory: here}
${WEBHOOK}`);
    expect({ code, mind }).toEqual({ code: 0, mind: [] });
  });

  test("a command that is not there, once for its group, with its place in the file", async () => {
    const { code, mind, file, folder } = await mindOf(`${FOLDERS}workers:
  - name: a
    count: 2
    command: [pyhton3, train.py]
  - name: b
    command: [./start]
    directory: here
  - name: c
    command: [sh]
    directory: nowhere
  - name: d
    manager: command
    pidfile: d.pid
    start: [here/start.sh]
    stop_command: [/no/stop.sh]
${WEBHOOK}`);
    expect(code).toBe(0);
    expect(mind).toEqual([
      expect.stringContaining(
        `${file}:7:14: workers[0].command: a-1: its command pyhton3 is not in any folder of PATH`,
      ),
      `${file}:9:14: workers[1].command: b: its command ${folder}/here/start does not exist`,
      `${file}:12:14: workers[2].command: c: its directory ${folder}/nowhere does not exist`,
      `${file}:18:19: workers[3].stop_command: d: its command /no/stop.sh does not exist`,
    ]);
  });

  test.each([
    [null, "the token file cannot be read (ENOENT"],
    ["", "the token file is empty or too long"],
  ])("a token file that holds %o", async (token, problem) => {
    const { code, mind, file } = await mindOf(`${FOLDERS}workers: [{name: a, command: [sh]}]\n${WEBHOOK}`, token);
    expect(code).toBe(0);
    expect(mind).toHaveLength(1);
    expect(mind[0]).toContain(`${file}:5:42: remediator.webhook.credentials_file: ${problem}`);
    expect(mind[0]).toContain("alerts by webhook are refused");
  });
});
