// The packaged configuration of Prometheus and Alertmanager around a pitcrew of a test: its addresses, and everything every second, or
// scrapes more seldom, and more patient, for tests that a starved machine may not fail.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Alertmanager, startAlertmanager } from "./alertmanager.ts";
import { type Pitcrew, PROJECT, TOKEN } from "./pitcrew.ts";
import { type Prometheus, startPrometheus } from "./prometheus.ts";

export interface Stack {
  alertmanager: Alertmanager;
  prometheus: Prometheus;
}

/** Addresses of the daemons: those of one pitcrew, or of many hosts. */
export interface Targets {
  exporters: readonly string[];
  remediators: readonly string[];
}

/** Resolves when both are ready; they are stopped with the running test. */
export async function startStack(pitcrew: Pitcrew, scrapeSeconds = 1): Promise<Stack> {
  const alertmanager = await startAlertmanager({ config: alertmanagerConfig(pitcrew.remediatorUrl) });
  const targets = { exporters: [pitcrew.exporterUrl], remediators: [pitcrew.remediatorUrl] };
  return { alertmanager, prometheus: await startPackagedPrometheus(targets, alertmanager.url, scrapeSeconds) };
}

export async function startPackagedPrometheus(
  targets: Targets,
  alertmanagerUrl: string,
  scrapeSeconds: number,
  flags: readonly string[] = [],
): Promise<Prometheus> {
  return await startPrometheus({
    flags,
    config: (port) =>
      prometheusConfig(targets, alertmanagerUrl, port)
        .replaceAll(/evaluation_interval: [0-9]+s/g, "evaluation_interval: 1s")
        .replaceAll(/(scrape_interval|scrape_timeout): [0-9]+s/g, `$1: ${scrapeSeconds}s`),
    files: ruleFiles(),
  });
}

function alertmanagerConfig(remediatorUrl: string): string {
  const text = packaged("alertmanager.yml");
  return replaced(
    replaced(text, "http://127.0.0.1:10102/", remediatorUrl),
    "credentials_file: /etc/pitcrew/webhook.token",
    `credentials: ${TOKEN}`,
  );
}

function prometheusConfig({ exporters, remediators }: Targets, alertmanagerUrl: string, ownPort: number): string {
  const addresses: [string, readonly string[]][] = [
    ['"127.0.0.1:10101"', exporters],
    ['"127.0.0.1:10102"', remediators],
    ['"127.0.0.1:9093"', [alertmanagerUrl]],
    ['"127.0.0.1:9090"', [`http://127.0.0.1:${ownPort}`]],
  ];
  return addresses.reduce(
    (text, [what, urls]) => replaced(text, what, urls.map((url) => `"${new URL(url).host}"`).join(", ")),
    packaged("prometheus.yml"),
  );
}

function ruleFiles(): Record<string, string> {
  const names = readdirSync(join(PROJECT, "alerts")).filter((name) => name.endsWith(".rules.yml"));
  return Object.fromEntries(names.map((name) => [name, packaged(name)]));
}

function packaged(name: string): string {
  return readFileSync(join(PROJECT, "alerts", name), "utf8");
}

function replaced(text: string, what: string, by: string): string {
  if (!text.includes(what)) throw new Error(`the packaged file does not hold ${what}`);
  return text.replaceAll(what, by);
}
