// A real Prometheus and a real Alertmanager with the packaged files, on ports of their own, scraping and evaluating every second.
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { endOf } from "../measuring/children.ts";
import { PROJECT } from "../measuring/programs.ts";
import { freePort } from "../measuring/subject.ts";
import type { RunningSite } from "./site.ts";

const ALERTS = join(PROJECT, "alerts");

export interface StackOptions {
  prometheus: string;
  alertmanager: string;
  folder: string;
  site: RunningSite;
}

export async function startStack({ prometheus, alertmanager, folder, site }: StackOptions): Promise<{
  end(): Promise<void>;
}> {
  const [prometheusPort, alertmanagerPort] = [await freePort(), await freePort()];
  const files = join(folder, "alerts");
  mkdirSync(files);
  cpSync(ALERTS, files, { recursive: true });
  const ports: [string, number][] = [
    ["127.0.0.1:10101", site.exporterPort],
    ["127.0.0.1:10102", site.remediatorPort],
    ["127.0.0.1:9090", prometheusPort],
    ["127.0.0.1:9093", alertmanagerPort],
  ];
  const adapt = (name: string, more: (text: string) => string) => {
    const text = readFileSync(join(ALERTS, name), "utf8");
    const moved = ports.reduce((now, [from, port]) => now.replaceAll(from, `127.0.0.1:${port}`), text);
    writeFileSync(join(files, name), more(moved));
  };
  adapt("prometheus.yml", (text) =>
    text
      .replaceAll(/(scrape_interval|evaluation_interval): [0-9]+s/g, "$1: 1s")
      .replaceAll(/scrape_timeout: [0-9]+s/g, "scrape_timeout: 1s"),
  );
  adapt("alertmanager.yml", (text) =>
    text.replaceAll("credentials_file: /etc/pitcrew/webhook.token", `credentials: ${site.token}`),
  );
  const servers = [
    spawn(
      alertmanager,
      [
        `--config.file=${files}/alertmanager.yml`,
        `--storage.path=${folder}/alertmanager`,
        `--web.listen-address=127.0.0.1:${alertmanagerPort}`,
        "--cluster.listen-address=",
      ],
      { stdio: "ignore" },
    ),
    spawn(
      prometheus,
      [
        `--config.file=${files}/prometheus.yml`,
        `--storage.tsdb.path=${folder}/prometheus`,
        `--web.listen-address=127.0.0.1:${prometheusPort}`,
      ],
      { stdio: "ignore" },
    ),
  ];
  const end = async () => {
    await Promise.all(servers.map(endOf));
  };
  try {
    for (const port of [alertmanagerPort, prometheusPort]) await ready(port);
  } catch (cause) {
    await end();
    throw cause;
  }
  return { end };
}

async function ready(port: number): Promise<void> {
  for (const deadline = performance.now() + 30_000; performance.now() < deadline; ) {
    const answer = await fetch(`http://127.0.0.1:${port}/-/ready`).catch(() => undefined);
    if (answer?.ok === true) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`nothing is ready on port ${port} after 30 s`);
}
