// `pitcrew alertmanager`: from the list that Prometheus scrapes the remediators by to an alertmanager.yml for all of them.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { ConfigError, formatProblem } from "../../../config/problem.ts";
import { configurationFor } from "../../../remediator/cli/alertmanager.ts";
import { readTargets } from "../../../remediator/cli/file-sd.ts";
import { amtool, startAlertmanager } from "../../support/alertmanager.ts";
import { PROJECT, runCommand } from "../../support/pitcrew.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const BASE = join(PROJECT, "alerts", "alertmanager.yml");

function list(count: number): string {
  return JSON.stringify(
    Array.from({ length: count }, (_, index) => ({
      targets: [`box-${index}.example.org:10102`],
      labels: { host: `box-${index}` },
    })),
  );
}

function generated(text: string): string {
  return configurationFor(readTargets("targets.json", text), {
    base: BASE,
    text: readFileSync(BASE, "utf8"),
    source: "targets.json",
  });
}

function problemsOf(text: string): string[] {
  try {
    readTargets("targets.json", text);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(formatProblem);
    throw error;
  }
}

describe("for 500 hosts", () => {
  test("the command writes what amtool accepts, a real Alertmanager loads, and routes each host to itself", async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, "targets.json"), list(500));
    const { code, stdout, stderr } = await runCommand(["alertmanager", "--file-sd", join(directory, "targets.json")]);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    const file = join(directory, "alertmanager.yml");
    writeFileSync(file, stdout);
    const checked = await amtool(["check-config", file]);
    expect(checked.code, checked.stdout + checked.stderr).toBe(0);
    expect(checked.stdout).toContain(" - 503 receivers");

    const receiverOf = async (...labels: string[]) => {
      const result = await amtool(["config", "routes", "test", `--config.file=${file}`, ...labels]);
      expect(result.code, result.stderr).toBe(0);
      return result.stdout.trim();
    };
    const asked = await Promise.all([
      receiverOf("remediation=restart", "host=box-0", "worker=train-1"),
      receiverOf("remediation=heartbeat", "host=box-499"),
      // `.` is no pattern: a host is compared, not matched.
      receiverOf("remediation=restart", "host=boxx1"),
      receiverOf("remediation=heartbeat", "host=nobody-knows"),
      receiverOf("severity=critical", "host=box-7"),
      receiverOf("severity=warning", "host=box-7"),
      receiverOf("severity=info", "host=box-7"),
    ]);
    expect(asked).toEqual(["remediator-box-0", "remediator-box-499", "humans", "nobody", "pager", "humans", "nobody"]);

    const alertmanager = await startAlertmanager({ config: stdout });
    expect(await alertmanager.metrics()).toContain("alertmanager_config_last_reload_successful 1");
    await alertmanager.stop();
  });

  test("each receiver is the packaged one with its own address, and the route keeps its pace", () => {
    const written = parse(generated(list(3))) as Configuration;
    const packaged = parse(readFileSync(BASE, "utf8")) as Configuration;
    const [pattern] = packaged.receivers.find(({ name }) => name === "remediator")?.webhook_configs ?? [];
    for (const index of [0, 1, 2])
      expect(written.receivers.find(({ name }) => name === `remediator-box-${index}`)?.webhook_configs).toEqual([
        { ...pattern, url: `http://box-${index}.example.org:10102/api/v1/webhook` },
      ]);
    const [route] = written.route.routes;
    const { receiver: _, ...pace } = packaged.route.routes[0] ?? { receiver: "" };
    expect(route).toMatchObject(pace);
    expect({ ...written.route, routes: written.route.routes.slice(1) }).toEqual({
      ...packaged.route,
      routes: packaged.route.routes.slice(1),
    });
    expect(written.inhibit_rules).toEqual(packaged.inhibit_rules);
  });
});

interface Configuration {
  route: { routes: Record<string, unknown>[] };
  receivers: { name: string; webhook_configs?: Record<string, unknown>[] }[];
  inhibit_rules: unknown[];
}

describe("the list", () => {
  test("is JSON or YAML, as Prometheus takes both; other labels and TLS are understood", () => {
    expect(
      readTargets("t.yml", "- targets: ['[::1]:10102']\n  labels: {host: a, __scheme__: https, site: x}\n"),
    ).toEqual([{ host: "a", url: "https://[::1]:10102/api/v1/webhook" }]);
  });

  test.each([
    ["", '1:1: (file): write a list of hosts, such as [{"targets"'],
    ["{}", '1:1: (file): write a list of hosts, such as [{"targets"'],
    ["[]", '1:1: (file): no host is listed: write [{"targets"'],
    ["[7]", '1:2: [0]: write each host as in [{"targets"'],
    ['[{"targets":["a:1"],"labels":{"host":"x"}},', "1:44: (file): not JSON: "],
    ['[{"targets":["a:1"]}]', '1:2: [0].labels: write "labels" with "host"'],
    ['[{"labels":{"host":"x"}}]', '1:2: [0].targets: write "targets" as a list of one address'],
    ['[{"targets":["a:1","b:2"],"labels":{"host":"x"}}]', "1:13: [0].targets: a host has one remediator"],
    ['[{"targets":["a"],"labels":{"host":"x"}}]', "1:14: [0].targets[0]: write the remediator's address as host:port"],
    ['[{"targets":["a:99999"],"labels":{"host":"x"}}]', "1:14: [0].targets[0]: write the remediator's address as host"],
    ['[{"targets":["http://a:1"],"labels":{"host":"x"}}]', "1:14: [0].targets[0]: write the address without a scheme"],
    ['[{"targets":[17],"labels":{"host":"x"}}]', "1:14: [0].targets[0]: write the remediator's address in quotes"],
    ['[{"targets":["a:1"],"labels":{"host":"x y"}}]', "1:38: [0].labels.host: letters, digits, dots"],
    ['[{"targets":["a:1"],"labels":{"host":"x","__scheme__":"ftp"}}]', '[0].labels.__scheme__: the scheme is "http"'],
    [
      '[{"targets":["a:1"],"labels":{"host":"x"}},\n {"targets":["b:1"],"labels":{"host":"x"}}]',
      "2:38: [1].labels.host: x is taken by [0]",
    ],
    [
      '[{"targets":["a:1"],"labels":{"host":"x"}},\n {"targets":["a:1"],"labels":{"host":"y"}}]',
      "2:14: [1].targets[0]: a:1 is the remediator of [0]",
    ],
  ])("%j is refused with its place and a remedy", (text, expected) => {
    const [first = "", ...others] = problemsOf(text);
    expect(first).toContain(expected);
    expect(first).toMatch(/^targets\.json:\d+:\d+: /);
    expect(others).toEqual([]);
  });

  test("has all its problems named at once", () => {
    expect(problemsOf('[{"targets":["a"],"labels":{"host":"x"}},\n{"targets":["b:1"],"labels":{}}]')).toHaveLength(2);
  });

  test.each([
    [["--file-sd", "/does/not/exist.json"], "/does/not/exist.json:1:1: (file): does not exist"],
    [["--file-sd", "/"], "/:1:1: (file): is a folder"],
    [[], "--file-sd FILE lists the remediators"],
  ])("%j: the command exits with 2 and says one line", async (flags, expected) => {
    const { code, stdout, stderr } = await runCommand(["alertmanager", ...flags]);
    expect(stderr).toContain(expected);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });
});

describe("the file to start from", () => {
  const targets = readTargets("targets.json", list(1));
  test.each([
    ["receivers: [{name: humans}, {name: nobody}]", 'needs a receiver "remediator" with a webhook and a route'],
    [
      "route: {routes: [{receiver: remediator}]}\nreceivers: [{name: remediator, webhook_configs: [{url: u}]}]",
      'needs a receiver "humans"',
    ],
    ["route: [", "not YAML"],
    ["", 'needs a receiver "remediator"'],
  ])("%j is refused with what it lacks", (text, expected) => {
    const write = () => configurationFor(targets, { base: "mine.yml", text, source: "targets.json" });
    expect(write).toThrow(ConfigError);
    expect(write).toThrow(expected);
    expect(write).toThrow("mine.yml:1:1: ");
  });
});
