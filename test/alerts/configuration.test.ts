// prometheus.yml and alertmanager.yml work as they are: the real programs load them, and each class of alert goes where it should.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { amtool, startAlertmanager } from "../support/alertmanager.ts";
import { eventually } from "../support/eventually.ts";
import { promtool, startPrometheus } from "../support/prometheus.ts";
import { ALERTS, allAlerts, RULE_FILES, textOf } from "./rule-set.ts";

const PROMETHEUS = join(ALERTS, "prometheus.yml");
const ALERTMANAGER = join(ALERTS, "alertmanager.yml");

interface Route {
  receiver: string;
  matchers?: string[];
  group_by: string[];
  group_wait: string;
  group_interval: string;
  repeat_interval: string;
  routes?: Route[];
}

interface Configuration {
  route: Route;
  inhibit_rules: { source_matchers: string[]; target_matchers: string[] }[];
  receivers: { name: string; webhook_configs?: Record<string, unknown>[] }[];
}

const configuration = parse(readFileSync(ALERTMANAGER, "utf8")) as Configuration;

/** What an alert's labels say of where it goes. */
const CLASSES: readonly (readonly [labels: { remediation?: string; severity: string }, receiver: string])[] = [
  ...["relieve", "recycle", "restart", "restart_largest", "start"].flatMap((remediation) =>
    ["info", "warning", "critical"].map((severity) => [{ remediation, severity }, "remediator"] as const),
  ),
  [{ remediation: "heartbeat", severity: "none" }, "remediator"],
  [{ severity: "critical" }, "pager"],
  [{ severity: "warning" }, "humans"],
  [{ severity: "info" }, "nobody"],
];

function routesOf(route: Route): Route[] {
  return [route, ...(route.routes ?? []).flatMap(routesOf)];
}

async function receiverOf(labels: Record<string, string>): Promise<string> {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  const { code, stdout, stderr } = await amtool([
    "config",
    "routes",
    "test",
    `--config.file=${ALERTMANAGER}`,
    ...pairs,
  ]);
  expect(code, stderr).toBe(0);
  return stdout.trim();
}

describe("prometheus.yml", () => {
  test("passes promtool check config, rules included", async () => {
    const { code, stdout, stderr } = await promtool(["check", "config", PROMETHEUS]);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain("4 rule files found");
  });

  test("its sibling for many hosts passes too, and differs in targets and Alertmanagers alone", async () => {
    const { code, stdout, stderr } = await promtool(["check", "config", join(ALERTS, "prometheus-ha.yml")]);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain("4 rule files found");
    const [one, many] = [PROMETHEUS, join(ALERTS, "prometheus-ha.yml")].map(
      (file) =>
        parse(readFileSync(file, "utf8")) as { rule_files: string[]; scrape_configs: Record<string, unknown>[] },
    );
    const essence = (configuration: typeof one) =>
      configuration?.scrape_configs.map(({ job_name, honor_labels, scrape_interval }) => ({
        job_name,
        honor_labels,
        scrape_interval,
      }));
    expect(many?.rule_files).toEqual(one?.rule_files);
    expect(essence(many)).toEqual(essence(one));
  });

  test("gives a real Prometheus its rules, its targets with their own labels, and its Alertmanager", async () => {
    // On an address of loopback where nobody listens, so that it meets nothing that runs on this machine.
    const prometheus = await startPrometheus({
      config: readFileSync(PROMETHEUS, "utf8").replaceAll("127.0.0.1", "127.0.0.2"),
      files: Object.fromEntries(RULE_FILES.map((file) => [file, textOf(file)])),
    });
    const get = async (path: string) => JSON.stringify(await (await fetch(`${prometheus.url}/api/v1/${path}`)).json());
    for (const { alert } of allAlerts()) expect(await get("rules")).toContain(`"${alert}"`);
    expect(await get("status/config")).toMatch(/job_name: pitcrew-exporter\\n\s+honor_labels: true/);
    // A discovery of targets takes up to 5 seconds after the start.
    await eventually(async () => (await get("targets")).includes("127.0.0.2:10102"), {
      what: "the targets",
      within: 60_000,
    });
    const targets = await get("targets");
    for (const target of ["127.0.0.2:10101", "127.0.0.2:10102", "127.0.0.2:9090", "127.0.0.2:9093"]) {
      expect(targets).toContain(target);
    }
    await eventually(async () => (await get("alertmanagers")).includes("127.0.0.2:9093"), {
      what: "the Alertmanager",
      within: 60_000,
    });
    await prometheus.stop();
  });
});

describe("alertmanager.yml", () => {
  test("passes amtool check-config, though the token need not exist yet", async () => {
    const { code, stdout, stderr } = await amtool(["check-config", ALERTMANAGER]);
    expect(code, stdout + stderr).toBe(0);
  });

  test("is loaded by a real Alertmanager as it is", async () => {
    const alertmanager = await startAlertmanager({ config: readFileSync(ALERTMANAGER, "utf8") });
    expect(await alertmanager.metrics()).toContain("alertmanager_config_last_reload_successful 1");
    await alertmanager.stop();
  });

  test("routes by remediation and severity alone, so that alerts which agree on them go the same way", () => {
    const matchers = routesOf(configuration.route).flatMap((route) => route.matchers ?? []);
    for (const matcher of matchers) expect(matcher).toMatch(/^(remediation|severity)=/);
    for (const { alert, labels } of allAlerts())
      expect(
        CLASSES.some(([one]) => one.remediation === labels.remediation && one.severity === labels.severity),
        alert,
      ).toBe(true);
  });

  test("sends each class of alert where it should go: to the remediator, or by severity to the pager, to people, or to nobody", async () => {
    const found = await Promise.all(
      CLASSES.map(([labels]) => receiverOf({ alertname: "A", host: "box", worker: "train-1", ...labels })),
    );
    expect(found).toEqual(CLASSES.map(([, receiver]) => receiver));
  });

  test("somebody else's alert goes to people, or to the pager if it is critical", async () => {
    expect(await receiverOf({ alertname: "Watchdog" })).toBe("humans");
    expect(await receiverOf({ alertname: "A", remediation: "", severity: "warning" })).toBe("humans");
    expect(await receiverOf({ alertname: "A", host: "box", severity: "critical" })).toBe("pager");
  });

  test("what inhibits and what is inhibited are alerts of the rules, and none of them asks for action", () => {
    const known = new Map(allAlerts().map((rule) => [rule.alert, rule]));
    expect(configuration.inhibit_rules.length).toBeGreaterThan(0);
    for (const { source_matchers, target_matchers } of configuration.inhibit_rules) {
      for (const matcher of [...source_matchers, ...target_matchers]) {
        const [, names = ""] = /^alertname=~?"(.*)"$/.exec(matcher) ?? [];
        for (const name of names.split("|")) expect(known.get(name)?.labels, matcher).not.toHaveProperty("remediation");
        expect(
          names.split("|").filter((name) => !known.has(name)),
          matcher,
        ).toEqual([]);
      }
    }
  });

  test("the remediator's route does not wait, keeps workers apart, and repeats just under a minute off the group's beat", () => {
    const route = configuration.route.routes?.find((one) => one.receiver === "remediator");
    expect(route?.group_by).toEqual(["alertname", "host", "worker"]);
    expect(route?.group_wait).toBe("0s");
    expect(route?.group_interval).toBe("10s");
    expect(Number.parseInt(route?.repeat_interval ?? "", 10)).toBeLessThan(60);
    expect(Number.parseInt(route?.repeat_interval ?? "", 10) % 10).not.toBe(0);
  });

  test("the remediator's receiver sends the token and the end of an alert, and follows no redirect", () => {
    const receiver = configuration.receivers.find((one) => one.name === "remediator");
    expect(receiver?.webhook_configs).toEqual([
      {
        url: "http://127.0.0.1:10102/api/v1/webhook",
        send_resolved: true,
        max_alerts: 0,
        http_config: {
          follow_redirects: false,
          authorization: { credentials_file: "/etc/pitcrew/webhook.token" },
        },
      },
    ]);
  });
});
