// The real Prometheus and Alertmanager that other tests rely on: started, asked, reloaded and ended.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { startAlertmanager, startAlertmanagerPair } from "./alertmanager.ts";
import { eventually } from "./eventually.ts";
import { promtool, startPrometheus } from "./prometheus.ts";

const RULES = `groups: [{name: g, rules: [{alert: Always, expr: vector(1), labels: {kind: test}}]}]`;
const CONFIG = "global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [rules.yml]";
const ROUTE = "route: {receiver: nobody}\nreceivers: [{name: nobody}]";

function isRunning(pid: number): boolean {
  try {
    // A zombie still answers signals; its state in proc_pid_stat(5) tells.
    return !readFileSync(`/proc/${pid}/stat`, "latin1").includes(") Z ");
  } catch {
    return false;
  }
}

describe("a real Prometheus", () => {
  test("answers queries, evaluates rules, scrapes itself and reloads", async () => {
    const prometheus = await startPrometheus({
      config: (port) =>
        `${CONFIG}\nscrape_configs: [{job_name: self, static_configs: [{targets: ["127.0.0.1:${port}"]}]}]`,
      files: { "rules.yml": RULES },
    });
    expect(await prometheus.query("vector(7)")).toEqual([{ metric: {}, value: "7" }]);
    const alerts = await eventually(async () => (await prometheus.alerts())[0], { what: "the alert" });
    expect(alerts).toMatchObject({ state: "firing", labels: { alertname: "Always", kind: "test" } });
    await eventually(async () => (await prometheus.query('up{job="self"} == 1')).length, { what: "the first scrape" });
    const now = Date.now() / 1000;
    expect(await prometheus.queryRange("vector(1)", { start: now - 1, end: now, step: 1 })).toHaveLength(1);

    await prometheus.reload({ "rules.yml": RULES.replace("Always", "Renamed") });
    await eventually(async () => (await prometheus.alerts()).some((alert) => alert.labels.alertname === "Renamed"), {
      what: "the new rule",
    });
    await expect(prometheus.reload({ "rules.yml": "groups: 7" })).rejects.toThrow("did not reload");
    await expect(prometheus.query("up{")).rejects.toThrow("parse error");

    await prometheus.stop();
    expect(isRunning(prometheus.pid)).toBe(false);
  });

  test("that refuses its configuration is an error with its own words", async () => {
    await expect(startPrometheus({ config: "global: {no_such_key: 1}" })).rejects.toThrow("no_such_key");
  });
});

describe("a real Alertmanager", () => {
  test("keeps what is posted, reloads, and carries on from its folder after a kill", async () => {
    const alertmanager = await startAlertmanager({ config: ROUTE });
    await alertmanager.post([{ labels: { alertname: "A" } }]);
    const alert = await eventually(async () => (await alertmanager.alerts())[0], { what: "the posted alert" });
    expect(alert).toMatchObject({ labels: { alertname: "A" }, receivers: [{ name: "nobody" }] });
    expect(await alertmanager.metrics()).toContain("alertmanager_alerts");
    await expect(alertmanager.reload({ "alertmanager.yml": "route: 7" })).rejects.toThrow("500");

    await alertmanager.stop("SIGKILL");
    expect(isRunning(alertmanager.pid)).toBe(false);
    const { directory, port } = alertmanager;
    const next = await startAlertmanager({ config: ROUTE, resume: { directory, port } });
    expect(next.url).toBe(alertmanager.url);
    await next.stop();
  });

  test("comes as a pair that know of each other", async () => {
    const [first, second] = await startAlertmanagerPair({ config: ROUTE });
    for (const one of [first, second]) {
      await eventually(async () => /^alertmanager_cluster_members 2$/m.test(await one.metrics()), {
        what: "two members",
        within: 60_000,
      });
    }
    // One after the other: two that leave at once wait for each other's farewell.
    await first.stop();
    await second.stop();
    expect([first, second].map((one) => isRunning(one.pid))).toEqual([false, false]);
  });
});

test("promtool reads its input", async () => {
  const good = await promtool(["check", "metrics"], {
    stdin: "# HELP a_total A.\n# TYPE a_total counter\na_total 1\n",
  });
  expect(good).toMatchObject({ code: 0 });
  expect((await promtool(["check", "metrics"], { stdin: "no metric at all" })).code).not.toBe(0);
});
