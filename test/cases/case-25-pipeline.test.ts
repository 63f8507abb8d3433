// The pipeline in front of pitcrew fails, one part after the other.
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { startAlertmanager } from "../support/alertmanager.ts";
import { eventually } from "../support/eventually.ts";
import { createSite, type Pitcrew, PROJECT, startPitcrew, TOKEN } from "../support/pitcrew.ts";
import { freePort } from "../support/server-process.ts";
import { startPackagedPrometheus } from "../support/stack.ts";
import { alert, leaky, metric } from "./scene.ts";

/** By default Prometheus sends what goes on firing once a minute. */
const RESEND = ["--rules.alert.resend-delay=1s"];

/** Delivers everything every second. */
function routeTo({ remediatorUrl }: Pitcrew): string {
  return `route: {receiver: r, group_by: [alertname, host, worker], group_wait: 0s, group_interval: 1s, repeat_interval: 1s}
receivers:
  - name: r
    webhook_configs:
      - {url: "${remediatorUrl}api/v1/webhook", http_config: {authorization: {credentials: ${TOKEN}}}}
`;
}

describe("case 25: pitcrew", () => {
  test("case 25: whose exporter, Prometheus or Alertmanager is away lets the guard speak for all rules, and steps back when it is there again", {
    timeout: 600_000,
  }, async () => {
    const site = createSite({
      remediator: "  guard: {when: pipeline_down, interval: 200ms, heartbeat_timeout: 12s}",
      workers: (own) => leaky(own, "w"),
    });
    const pitcrew = await startPitcrew(site);
    const guard = async () => (await pitcrew.status()).remediator?.guard;
    const becomes = (wanted: string, what: string) =>
      eventually(async () => (await guard()) === wanted, { what, within: 120_000 });
    // Somebody else's heartbeat says nothing of our pipeline.
    const foreign = alert("", { alertname: "PitcrewHeartbeat", remediation: "heartbeat", host: "another-host" });
    expect(await pitcrew.webhook([foreign])).toBe(200);
    expect(await guard()).toBe("all_rules");

    const exporterFile = join(site.directory, "exporter.yml");
    const port = await freePort();
    writeFileSync(
      exporterFile,
      readFileSync(site.configFile, "utf8").replace(
        'exporter: {listen: "127.0.0.1:0"}',
        `exporter: {listen: "127.0.0.1:${port}"}`,
      ),
      { mode: 0o600 },
    );
    const startExporter = () => {
      const child = spawn(
        process.execPath,
        [join(PROJECT, "dist", "pitcrew.js"), "exporter", "--config.file", exporterFile],
        {
          stdio: "ignore",
        },
      );
      onTestFinished(() => void child.kill("SIGKILL"));
      return child;
    };
    const targets = { exporters: [`http://127.0.0.1:${port}/`], remediators: [pitcrew.remediatorUrl] };
    const exporter = startExporter();
    const alertmanager = await startAlertmanager({ config: routeTo(pitcrew) });
    const prometheus = await startPackagedPrometheus(targets, alertmanager.url, 1, RESEND);
    await becomes("always_rules", "the first heartbeat");

    exporter.kill("SIGKILL");
    await becomes("all_rules", "the exporter to be missed");
    startExporter();
    await becomes("always_rules", "the exporter to be back");

    await alertmanager.stop("SIGKILL");
    await becomes("all_rules", "Alertmanager to be missed");
    const { directory, port: amPort } = alertmanager;
    await startAlertmanager({ config: routeTo(pitcrew), resume: { directory, port: amPort } });
    await becomes("always_rules", "Alertmanager to be back");

    await prometheus.stop("SIGKILL");
    await becomes("all_rules", "Prometheus to be missed");
    expect(await metric(pitcrew, 'pitcrew_remediator_guard_active{host="test-host"}')).toBe(1);
  });

  test("case 25: that hears from Alertmanager only what a Prometheus said before it died lets the guard speak for all rules", {
    timeout: 240_000,
  }, async () => {
    const site = createSite({
      remediator: "  guard: {when: pipeline_down, interval: 200ms, heartbeat_timeout: 5s}",
      workers: (own) => leaky(own, "w"),
    });
    const pitcrew = await startPitcrew(site);
    const alertmanager = await startAlertmanager({ config: routeTo(pitcrew) });
    const guard = async () => (await pitcrew.status()).remediator?.guard;
    const delivered = async () =>
      (await metric(pitcrew, 'pitcrew_remediator_notifications_total{host="test-host",result="accepted"}')) ?? 0;
    const labels = { alertname: "PitcrewHeartbeat", host: "test-host", remediation: "heartbeat" };
    await alertmanager.post([{ labels, annotations: { evaluated: "1770000000" } }]);
    await eventually(async () => (await guard()) === "always_rules", { what: "the heartbeat", within: 60_000 });
    await eventually(async () => (await guard()) === "all_rules", { what: "the guard", within: 60_000 });
    const before = await delivered();
    await eventually(async () => (await delivered()) >= before + 2, { what: "its repetitions", within: 60_000 });
    expect(await guard()).toBe("all_rules");
  });
});
