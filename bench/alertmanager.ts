// npm run bench -- alertmanager [HOSTS …]: what one Alertmanager bears with the configuration that `pitcrew alertmanager` writes.
// Idle is every host's heartbeat; a storm is ten alerts that ask for action on every host at once, heartbeats going on.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { configurationFor } from "../remediator/cli/alertmanager.ts";
import { readTargets } from "../remediator/cli/file-sd.ts";
import { startAlertmanagerForBench } from "./alertmanager/server.ts";

const TICKS_PER_SECOND = 100;
const IDLE_SECONDS = 130;
const ALERTS_PER_HOST = 10;

const received = new Map<string, number>();
let deliveries = 0;
const server = createServer((request, response) => {
  let body = "";
  request.setEncoding("utf8").on("data", (text: string) => {
    body += text;
  });
  request.on("end", () => {
    deliveries += 1;
    const { alerts } = JSON.parse(body) as { alerts: { labels: Record<string, string> }[] };
    for (const { labels } of alerts)
      received.set(`${labels.alertname} ${labels.host} ${labels.worker}`, performance.now());
    response.end();
  });
});
await new Promise<void>((resolve) => server.listen(0, "0.0.0.0", resolve));
const { port } = server.address() as AddressInfo;

const sizes = process.argv.slice(2).map(Number);
for (const hosts of sizes.length > 0 ? sizes : [50, 500, 2000]) await measure(hosts);
server.close().closeAllConnections();

async function measure(hosts: number): Promise<void> {
  received.clear();
  const base = join(import.meta.dirname, "..", "alerts", "alertmanager.yml");
  const list = Array.from({ length: hosts }, (_, index) => ({
    // All of 127.0.0.0/8 is this machine: an address for each host.
    targets: [`127.1.${Math.floor(index / 250)}.${1 + (index % 250)}:${port}`],
    labels: { host: `box-${index}` },
  }));
  const text = configurationFor(readTargets("targets.json", JSON.stringify(list)), {
    base,
    text: readFileSync(base, "utf8").replace("credentials_file: /etc/pitcrew/webhook.token", "credentials: a-token"),
    source: "targets.json",
  });
  const alertmanager = await startAlertmanagerForBench(text);
  const beat = () =>
    alertmanager.post(
      list.map(({ labels }) => ({ alertname: "PitcrewHeartbeat", remediation: "heartbeat", ...labels })),
    );
  await beat();
  await until(() => received.size === hosts);

  // Prometheus says again each minute what fires.
  const again = setInterval(() => void beat(), 60_000);
  const [cpu, count, began] = [cpuSeconds(alertmanager.pid), deliveries, performance.now()];
  await new Promise((resolve) => setTimeout(resolve, IDLE_SECONDS * 1000));
  const seconds = (performance.now() - began) / 1000;
  const idle = (cpuSeconds(alertmanager.pid) - cpu) / seconds;
  const perSecond = (deliveries - count) / seconds;

  received.clear();
  const storm = list.flatMap(({ labels }) =>
    Array.from({ length: ALERTS_PER_HOST }, (_, index) => ({
      alertname: "PitcrewWorkerMemoryOverLimit",
      remediation: "restart",
      severity: "warning",
      worker: `train-${index}`,
      group: "train",
      ...labels,
    })),
  );
  const stormed = () => [...received].filter(([key]) => key.startsWith("PitcrewWorkerMemoryOverLimit"));
  const posted = performance.now();
  await alertmanager.post(storm);
  await until(() => stormed().length === storm.length);
  const delays = stormed()
    .map(([, at]) => at - posted)
    .toSorted((a, b) => a - b);
  clearInterval(again);
  const at = (share: number) => `${((delays[Math.ceil(delays.length * share) - 1] ?? 0) / 1000).toFixed(2)} s`;
  process.stdout.write(
    `${hosts} hosts: configuration ${text.split("\n").length} lines; idle ${perSecond.toFixed(1)} deliveries/s, ` +
      `${(100 * idle).toFixed(1)} % of a core, ${residentMib(alertmanager.pid)} MiB; ` +
      `storm of ${storm.length} alerts: median ${at(0.5)}, p99 ${at(0.99)}, last ${at(1)}\n`,
  );
  await alertmanager.stop();
}

async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 120_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error("Alertmanager did not deliver within two minutes");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function residentMib(pid: number): number {
  return Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024);
}
