// The loop behind TLS and passwords: the same two files that operators of Prometheus write for every exporter.
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import bcrypt from "bcrypt";
import { expect, test } from "vitest";
import { startAlertmanager } from "../support/alertmanager.ts";
import { createAuthority } from "../support/certificates.ts";
import { eventually } from "../support/eventually.ts";
import { createSite, runCommand, type Site, startPitcrew, TOKEN } from "../support/pitcrew.ts";
import { startPrometheus } from "../support/prometheus.ts";

const PASSWORD = "correct horse";

function siteWithWebConfig() {
  const site = createSite({ workers: () => "  - {name: idle, command: [sleep, '1000']}" });
  const authority = createAuthority();
  const server = authority.issue("server", {});
  const webConfig = join(site.directory, "web.yml");
  writeFileSync(
    webConfig,
    `tls_server_config: {cert_file: ${server.certFile}, key_file: ${server.keyFile}}
basic_auth_users: {prometheus: "${bcrypt.hashSync(PASSWORD, 5).replace("$2b$", "$2y$")}"}
`,
  );
  chmodSync(webConfig, 0o600);
  return { site, authority, webConfig };
}

const statusOf = async (site: Site) => {
  const { stdout } = await runCommand(["status", "--json", "--config.file", site.configFile]);
  return JSON.parse(stdout) as { remediator: { heartbeat_age_seconds: number | null } | null };
};

test("Prometheus scrapes both daemons over TLS with a password, and Alertmanager delivers over TLS with the token", async () => {
  const { site, authority, webConfig } = siteWithWebConfig();
  const pitcrew = await startPitcrew(site, {}, ["--web.config.file", webConfig]);
  expect([pitcrew.exporterUrl, pitcrew.remediatorUrl].map((url) => new URL(url).protocol)).toEqual([
    "https:",
    "https:",
  ]);
  const targets = [pitcrew.exporterUrl, pitcrew.remediatorUrl].map((url) => JSON.stringify(new URL(url).host));

  const prometheus = await startPrometheus({
    config: `
global: {scrape_interval: 1s}
scrape_configs:
  - job_name: pitcrew
    honor_labels: true
    scheme: https
    tls_config: {ca_file: ca.crt}
    basic_auth: {username: prometheus, password_file: password}
    static_configs: [{targets: [${targets.join(", ")}]}]
  - job_name: without-password
    scheme: https
    tls_config: {ca_file: ca.crt}
    static_configs: [{targets: [${targets.join(", ")}]}]`,
    files: { "ca.crt": authority.cert, password: PASSWORD },
  });
  await eventually(async () => (await prometheus.query('up{job="pitcrew"} == 1')).length === 2, {
    what: "both targets up",
  });
  expect(await prometheus.query("pitcrew_worker_desired_up")).toMatchObject([{ metric: { worker: "idle" } }]);
  await eventually(async () => (await prometheus.query('up{job="without-password"} == 0')).length === 2, {
    what: "the other job's scrapes",
    within: 60_000,
  });

  const alertmanager = await startAlertmanager({
    config: `
route: {receiver: remediator, group_wait: 0s}
receivers:
  - name: remediator
    webhook_configs:
      - url: ${pitcrew.remediatorUrl}api/v1/webhook
        http_config:
          tls_config: {ca_file: ca.crt}
          authorization: {credentials_file: token}`,
    files: { "ca.crt": authority.cert, token: TOKEN },
  });
  await alertmanager.post([{ labels: { alertname: "PitcrewHeartbeat", host: "test-host", remediation: "heartbeat" } }]);
  await eventually(async () => (await statusOf(site)).remediator?.heartbeat_age_seconds != null, {
    what: "the heartbeat to arrive",
    within: 60_000,
  });
});

test("a web configuration that is wrong ends the start with its place and exit code 2, and check says the same", async () => {
  const { site, webConfig } = siteWithWebConfig();
  writeFileSync(webConfig, "basic_auth_users:\n  prometheus: secret\n");
  const expected = `${webConfig}:2:15: basic_auth_users.prometheus: is no bcrypt hash`;
  const commands = ["up", "exporter", "remediator", "check"];
  const results = await Promise.all(
    commands.map((command) => runCommand([command, "--config.file", site.configFile, "--web.config.file", webConfig])),
  );
  expect(results.map(({ code, stderr }) => [code, stderr.slice(0, expected.length)])).toEqual(
    commands.map(() => [2, expected]),
  );
});

test("check says what a good one means", async () => {
  const { site, webConfig } = siteWithWebConfig();
  const { code, stdout } = await runCommand([
    "check",
    "--config.file",
    site.configFile,
    "--web.config.file",
    webConfig,
  ]);
  expect(code).toBe(0);
  expect(stdout).toContain(`Both web servers (${webConfig})
  TLS TLSv1.2 to TLSv1.3; no certificate is asked of clients
  to read: a password of prometheus; to change something: the webhook's token
`);
});
