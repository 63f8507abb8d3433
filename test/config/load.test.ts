import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadConfig } from "../../config/load.ts";
import { packageRoot } from "../../config/package-root.ts";
import { loaded, problemsIn, written } from "./written-config.ts";

describe("a good configuration", () => {
  test("a worker in two lines has all defaults", () => {
    const { file, folder } = written("workers:\n  - {name: train, command: [python3, train.py]}\n");
    expect(loadConfig(file, { isRoot: false, hostname: () => "box" })).toEqual({
      file,
      host: "box",
      runDirectory: "/run/pitcrew",
      stateDirectory: "/var/lib/pitcrew",
      logDirectory: "/var/log/pitcrew",
      system: { minAvailableBytes: undefined, criticalAvailableBytes: undefined },
      workers: [
        {
          name: "train",
          group: "train",
          index: 1,
          manager: {
            kind: "supervised",
            launch: { argv: ["python3", "train.py"], directory: folder, environment: {} },
            restart: "on-failure",
          },
          limits: { measure: "auto", ageJitter: 0.1, consecutiveBrakes: 10 },
          stop: { drainSeconds: 300, signal: "SIGTERM", graceSeconds: 30 },
          startIntervalSeconds: 5,
          budget: { starts: 3, windowSeconds: 1800 },
          cooldownSeconds: 60,
        },
      ],
      exporter: { listen: { host: "127.0.0.1", port: 10101 } },
      remediator: {
        listen: { host: "127.0.0.1", port: 10102 },
        dryRun: false,
        maxConcurrent: 1,
        minHealthy: new Map(),
        budget: { starts: 6, windowSeconds: 1800 },
        trustedAlerts: [],
        webhook: { credentialsFile: undefined },
        alertmanager: undefined,
        journal: { maxAgeSeconds: 90 * 86_400, maxBytes: 16 * 1024 ** 2 },
        guard: {
          when: "pipeline_down",
          heartbeatTimeoutSeconds: 180,
          intervalSeconds: 2,
          rules: [join(packageRoot(), "alerts", "workers.rules.yml")],
        },
        verifySeconds: 60,
        startupGraceSeconds: 30,
      },
    });
  });

  test("count gives numbered workers of one group, and {index} is replaced wherever it may stand", () => {
    const { workers } = loaded(`
workers:
  - name: train
    count: 2
    command: [python3, "t{index}.py", "--out={index}/{index}"]
    directory: /opt/{index}
    environment: {SHARD: "{index}"}
  - {name: encoder, count: 2, manager: systemd, unit: "encoder@{index}.service"}
  - name: legacy
    count: 2
    manager: command
    pidfile: /run/legacy-{index}.pid
    start: [start, "{index}"]
    stop_command: [stop, "{index}"]
  - {name: seen, count: 2, manager: observe, match: {cmdline: "seen --worker {index}$"}}
`);
    expect(workers.map(({ name, group, index }) => [name, group, index])).toEqual([
      ["train-1", "train", 1],
      ["train-2", "train", 2],
      ["encoder-1", "encoder", 1],
      ["encoder-2", "encoder", 2],
      ["legacy-1", "legacy", 1],
      ["legacy-2", "legacy", 2],
      ["seen-1", "seen", 1],
      ["seen-2", "seen", 2],
    ]);
    expect(workers[1]?.manager).toMatchObject({
      launch: { argv: ["python3", "t2.py", "--out=2/2"], directory: "/opt/2", environment: { SHARD: "2" } },
    });
    expect(workers[3]?.manager).toEqual({ kind: "systemd", unit: "encoder@2.service" });
    expect(workers[5]?.manager).toMatchObject({
      locator: { kind: "pidfile", path: "/run/legacy-2.pid" },
      launch: { argv: ["start", "2"] },
      stopCommand: ["stop", "2"],
    });
    expect(workers[7]?.manager).toEqual({
      kind: "observe",
      locator: { kind: "match", cmdline: /seen --worker 2$/ },
    });
  });

  test("a match with count and without {index} assigns slots, of one worker none", () => {
    const { workers } = loaded(`
workers:
  - {name: a, count: 2, manager: observe, match: {cmdline: 1_optimize, user: train}}
  - {name: b, manager: observe, match: {cmdline: 2_optimize}}
`);
    expect(workers.map(({ manager }) => manager)).toEqual([
      {
        kind: "observe",
        locator: { kind: "match", cmdline: /1_optimize/, user: "train", slot: { index: 1, count: 2 } },
      },
      {
        kind: "observe",
        locator: { kind: "match", cmdline: /1_optimize/, user: "train", slot: { index: 2, count: 2 } },
      },
      { kind: "observe", locator: { kind: "match", cmdline: /2_optimize/ } },
    ]);
  });

  test("a count of one is numbered too", () => {
    const { workers } = loaded("workers: [{name: train, count: 1, command: [a]}]\n");
    expect(workers.map(({ name, group }) => [name, group])).toEqual([["train-1", "train"]]);
  });

  test("relative paths are resolved against the file, not against the working directory", () => {
    const { file, folder } = written(`
run_directory: run
state_directory: ./state
log_directory: ../log
workers:
  - {name: a, command: [a], directory: train}
  - {name: b, manager: observe, pidfile: b.pid}
remediator: {webhook: {credentials_file: token}, guard: {rules: [my.rules.yml, /etc/other.rules.yml]}}
`);
    const config = loadConfig(file, { isRoot: false });
    expect(config.runDirectory).toBe(join(folder, "run"));
    expect(config.stateDirectory).toBe(join(folder, "state"));
    expect(config.logDirectory).toBe(join(folder, "../log"));
    expect(config.workers[0]?.manager).toMatchObject({ launch: { directory: join(folder, "train") } });
    expect(config.workers[1]?.manager).toMatchObject({ locator: { path: join(folder, "b.pid") } });
    expect(config.remediator.webhook.credentialsFile).toBe(join(folder, "token"));
    expect(config.remediator.guard.rules).toEqual([join(folder, "my.rules.yml"), "/etc/other.rules.yml"]);
  });

  test("anchors and merge keys share what workers have in common", () => {
    const { workers } = loaded(`
workers:
  - &base {name: a, command: [a], limits: {memory: 1GiB}}
  - {<<: *base, name: b}
`);
    expect(workers.map(({ name, limits }) => [name, limits.memoryBytes])).toEqual([
      ["a", 1024 ** 3],
      ["b", 1024 ** 3],
    ]);
  });

  test("dry_run is everything, nothing or a list", () => {
    const dryRun = (value: string) =>
      loaded(`workers: [{name: a, command: [a]}]\nremediator: {dry_run: ${value}}\n`).remediator.dryRun;
    expect(dryRun("true")).toBe(true);
    expect(dryRun("[recycle, restart]")).toEqual(["recycle", "restart"]);
    expect(dryRun("[]")).toEqual([]);
  });

  test.each([
    ["a single worker has no queue, however short its age", "{name: a, command: [a], limits: {age: 10s}}", 1],
    ["as many renewals at once as workers need no queue", "{name: a, count: 3, command: [a], limits: {age: 10s}}", 3],
    [
      "an observed worker is never renewed",
      "{name: a, count: 9, manager: observe, pidfile: '{index}', limits: {age: 1s}}",
      1,
    ],
    [
      "a drain by default bounds workers that may not drain at all",
      "{name: a, count: 9, command: [a], limits: {age: 5m}}",
      1,
    ],
  ])("an age can be kept: %s", (_, worker, slots) => {
    expect(problemsIn(() => loaded(`workers: [${worker}]\nremediator: {max_concurrent: ${slots}}\n`))).toEqual([]);
  });

  test("exporter and remediator may listen on one port of two addresses, and on any free port", () => {
    const ports = (exporter: string, remediator: string) =>
      problemsIn(() =>
        loaded(`
workers: [{name: a, command: [a]}]
exporter: {listen: "${exporter}"}
remediator: {listen: "${remediator}"}
`),
      );
    expect(ports("127.0.0.1:9000", "127.0.0.2:9000")).toEqual([]);
    expect(ports("127.0.0.1:0", "127.0.0.1:0")).toEqual([]);
    expect(ports("127.0.0.1:9000", ":9000")).toHaveLength(1);
  });
});
