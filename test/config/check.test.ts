import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type CheckDeps, type CheckOptions, check } from "../../config/check.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { written } from "./written-config.ts";

const GOOD = `
host: box
workers:
  - {name: train, count: 2, command: [python3, train.py], user: train, limits: {memory: 8GiB, memory_relief: 6GiB, age: 2h}}
  - {name: encoder, manager: systemd, unit: encoder.service}
  - {name: legacy, manager: observe, match: {cmdline: 1_optimize, user: train}}
remediator: {min_healthy: {train: 1}, guard: {rules: [a.rules.yml]}, webhook: {credentials_file: token}}
`;

async function run(text: string, options: Partial<CheckOptions> = {}, given: Partial<CheckDeps> = {}) {
  const { file, folder } = written(text);
  const out: string[] = [];
  const err: string[] = [];
  const code = await check(
    { configFile: file, cwd: folder, ...options },
    {
      loadRules: () => ({ problems: [], rules: [{ alert: "TooBig", remediation: "restart" }] }),
      whatRulesWouldDoNow: async () => [],
      unitLines: () => Promise.resolve([]),
      whatIsMissing: async () => [],
      out: (line) => out.push(line),
      err: (line) => err.push(line),
      isRoot: false,
      searchPath: "",
      ...given,
    },
  );
  return { code, out, err, file, folder };
}

/** A program that ends with this code and says these lines. */
function tool(folder: string, name: string, code: number, says = ""): void {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\nprintf '%s %s\\n' "${says}" "$*"\nexit ${code}\n`);
  chmodSync(file, 0o755);
}

describe("pitcrew check", () => {
  test("says of a good configuration what it means, and exits 0", async () => {
    const { code, out, err, file, folder } = await run(GOOD);
    expect(err).toEqual([]);
    expect(code).toBe(0);
    expect(out).toEqual([
      `${file} is good`,
      "Workers of box",
      "  train-1  supervised  memory 8GiB, relief 6GiB, age 2h ± 10%; python3 train.py",
      "  train-2  supervised  memory 8GiB, relief 6GiB, age 2h ± 10%; python3 train.py",
      "  encoder  systemd     no limits; encoder.service",
      "  legacy   observe     no limits; the process of user train that matches 1_optimize",
      "Remediator",
      "  exporter on 127.0.0.1:10101, remediator on 127.0.0.1:10102",
      "  at most 6 urgent renewals in 30m, 1 at a time",
      "  guard: pipeline_down, every 2s",
      "  planned renewals keep 1 of train up",
      "Rules that ask for action",
      "  TooBig: restart",
      "What the rules would do at this moment",
      "  nothing: no worker and no floor is over its limit",
      "Files of Prometheus and Alertmanager",
      `  ${join(folder, "a.rules.yml")}: not checked, promtool is not on PATH`,
      "  prometheus.yml: not checked, name it with --prometheus.file",
      "  alertmanager.yml: not checked, name it with --alertmanager.file",
    ]);
  });

  test("says what the rules would do at this moment", async () => {
    const { code, out } = await run(
      GOOD,
      {},
      {
        whatRulesWouldDoNow: async ({ workers }) => [
          { worker: workers[0]?.name, alert: "TooBig", remediation: "restart", text: "9GiB > 8GiB" },
          { alert: "Low", remediation: "restart_largest", text: "0.5GiB < 1GiB" },
        ],
      },
    );
    expect(code).toBe(0);
    expect(out).toContain("  train-1: restart (TooBig): 9GiB > 8GiB");
    expect(out).toContain("  the host: restart_largest (Low): 0.5GiB < 1GiB");
  });

  test("prints every problem of the configuration, and exits 2", async () => {
    const { code, out, err, file } = await run("workers: []\ncolour: red\n");
    expect(code).toBe(2);
    expect(out).toEqual([]);
    expect(err).toEqual([
      `${file}:1:10: workers: is empty: add at least one worker`,
      expect.stringContaining(`${file}:2:1: colour: unknown key`),
    ]);
  });

  test("prints every problem of the rule files, and exits 2", async () => {
    const { code, out, err, folder } = await run(
      GOOD,
      {},
      {
        loadRules: (paths) => ({
          rules: [],
          problems: paths.map((file) => ({ file, line: 3, column: 9, message: "rate() is outside the subset" })),
        }),
      },
    );
    expect(code).toBe(2);
    expect(out).toEqual([]);
    expect(err).toEqual([`${join(folder, "a.rules.yml")}:3:9: rate() is outside the subset`]);
  });

  test("without a configuration file says how to get one, and exits 2", async () => {
    const cwd = temporaryDirectory();
    const { code, err } = await run(GOOD, { configFile: join(cwd, "no.yml"), cwd });
    expect(code).toBe(2);
    expect(err).toEqual([expect.stringContaining("pitcrew init --match REGEX")]);
  });

  test("has promtool and amtool check their files where they are installed", async () => {
    const bin = temporaryDirectory();
    tool(bin, "promtool", 0);
    tool(bin, "amtool", 0);
    const files = { prometheusFile: "prometheus.yml", alertmanagerFile: "alertmanager.yml" };
    const { code, out, folder } = await run(GOOD, files, { searchPath: `/nowhere:${bin}` });
    expect(code).toBe(0);
    expect(out.slice(-4)).toEqual([
      "Files of Prometheus and Alertmanager",
      `  ${join(folder, "a.rules.yml")}: promtool finds nothing wrong`,
      "  prometheus.yml: promtool finds nothing wrong",
      "  alertmanager.yml: amtool finds nothing wrong",
    ]);
  });

  test("passes on what promtool and amtool find, and exits 2", async () => {
    const bin = temporaryDirectory();
    tool(bin, "promtool", 1, "FAILED");
    tool(bin, "amtool", 1, "FAILED");
    const files = { prometheusFile: "prometheus.yml", alertmanagerFile: "alertmanager.yml" };
    const { code, out, err, folder } = await run(GOOD, files, { searchPath: bin });
    const rules = join(folder, "a.rules.yml");
    expect(code).toBe(2);
    expect(out).toEqual([]);
    expect(err).toEqual([
      `${rules}: promtool: FAILED check rules ${rules}`,
      "prometheus.yml: promtool: FAILED check config prometheus.yml",
      "alertmanager.yml: amtool: FAILED check-config alertmanager.yml",
    ]);
  });

  test("minds what is allowed and seldom meant", async () => {
    const text = "workers: [{name: a, command: [a]}]\nremediator: {guard: {when: never}, dry_run: [recycle]}\n";
    const { code, out } = await run(text, {}, { isRoot: true });
    expect(code).toBe(0);
    expect(out).toContain("  guard: off");
    expect(out).toContain("  dry run for recycle");
    expect(out).toContain("  no user is written for a: it runs as root, as pitcrew does");
    expect(out).toContainEqual(expect.stringContaining("credentials_file"));
  });
});
